"""The errors `cleaner` raises: one base class, one class per kind of input that can be wrong."""


class CleanerError(Exception):
    """Base of all errors that are raised on purpose."""


class RuleError(CleanerError):
    """A rule, a pack or a weights file is wrong; the message names file, rule, field and what was expected."""


class RecordError(CleanerError):
    """A record cannot be read; the message names the file, the line and the reason."""


class ConfigError(CleanerError):
    """An option is wrong or two options contradict each other."""


class DataError(CleanerError):
    """Labelled data is wrong; the message names file, record, field and what was expected."""


class IndexMismatch(CleanerError):
    """A stored artefact was made with other settings than those asked for; the message says which."""
