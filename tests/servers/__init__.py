"""Real servers for the tests: each starts one from the programs installed here, on loopback alone."""
