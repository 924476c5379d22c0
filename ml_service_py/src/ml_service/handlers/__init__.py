"""The use cases. They know no protocol and no SQL."""
