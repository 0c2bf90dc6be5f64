"""The environment: episodes of one server, what is seen of them, how actions become plans."""
