"""Order of the tests: hosts of adapters go last, since they leave threads behind in this process.

Workers are forked only from a process of one thread; most tests are about forked ones, and those about spawned ones say so.
"""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: "adapters" in item.path.parts)  # stable
