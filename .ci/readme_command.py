"""Print the n-th `sh` block of the README: CI runs what the README says, to the letter."""

import re
import sys
from pathlib import Path

blocks = re.findall(r"```sh\n(.*?)```", Path("README.md").read_text(encoding="utf-8"), re.DOTALL)
print(blocks[int(sys.argv[1]) - 1])
