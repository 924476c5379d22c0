"""The use cases. They depend on ports, and know no protocol and no SQL."""
