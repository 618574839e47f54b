"""`make bench`: gen side by side with what people would use instead, in one run, as ratios."""
