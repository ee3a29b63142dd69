"""Rule packs: TOML files under `rules/` that say in phrases and patterns what is not the article."""

from cleaner.packs.load import load_rules, rules_root
from cleaner.packs.schema import CLASSES, Pack, Rule

__all__ = ["CLASSES", "Pack", "Rule", "load_rules", "rules_root"]
