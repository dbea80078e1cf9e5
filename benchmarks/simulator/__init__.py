"""Renders scenes at a barrier with exact ground truth: pictures to train on, clips to score on."""
