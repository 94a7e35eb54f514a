"""Networks in torch alone, their attributes named as in the published checkpoints."""
