"""What an object and its surroundings look like (`model.py`), and where it is when it was lost (`find.py`)."""
