"""One file for each thing that a client comes for."""
