"""What is true, given facts and a time: pure decisions that return a verdict with a reason."""
