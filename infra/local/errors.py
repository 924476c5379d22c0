"""The one error of this package: one sentence about a problem that the person at the keyboard can fix."""


class LocalError(Exception):
    """Shown without a stack. Its message says what is wrong and how to go on."""
