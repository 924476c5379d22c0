"""The one error of this package: something that the person at the keyboard can mend, said in a sentence."""


class LocalError(Exception):
    """Shown without a stack. Its message says what is wrong and how to go on."""
