"""What the stack is measured against: limits of the machine, and what one would write instead, as its libraries' pages show it."""
