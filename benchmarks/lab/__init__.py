"""The lab: experiments on the claims that two articles make about Node.js and Python. `make lab` runs it."""
