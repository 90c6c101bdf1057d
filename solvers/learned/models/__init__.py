"""Models of solution operators, one a file; the class is found by the name of the file."""
