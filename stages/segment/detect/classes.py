"""What a user calls a thing in, the one name that it has here out.

The names are those of COCO's 80 classes (Lin et al. 2014); Pascal VOC's 20 (Everingham et al. 2010) are among them
under other spellings.
"""

from collections.abc import Sequence

from stages.errors import PromptError

COCO = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light",
    "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow", "elephant",
    "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard",
    "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
    "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange", "broccoli",
    "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch", "potted plant", "bed", "dining table", "toilet",
    "tv", "laptop", "mouse", "remote", "keyboard", "cell phone", "microwave", "oven", "toaster", "sink",
    "refrigerator", "book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
)  # fmt: skip
VOC = (
    "airplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "dining table", "dog",
    "horse", "motorcycle", "person", "potted plant", "sheep", "couch", "train", "tv",
)  # fmt: skip
SYNONYMS = {
    "people": "person", "human": "person", "pedestrian": "person", "man": "person", "men": "person",
    "woman": "person", "women": "person", "child": "person", "children": "person", "face": "person",
    "bike": "bicycle", "motorbike": "motorcycle", "automobile": "car", "lorry": "truck", "aeroplane": "airplane",
    "plane": "airplane", "ship": "boat", "hydrant": "fire hydrant", "kitten": "cat", "puppy": "dog",
    "bag": "handbag", "rucksack": "backpack", "ball": "sports ball", "racket": "tennis racket", "glass": "wine glass",
    "mug": "cup", "knives": "knife", "sofa": "couch", "plant": "potted plant", "table": "dining table",
    "tvmonitor": "tv", "television": "tv", "monitor": "tv", "phone": "cell phone", "mobile phone": "cell phone",
    "smartphone": "cell phone", "fridge": "refrigerator", "hairdryer": "hair drier", "doughnut": "donut",
}  # fmt: skip


def label(word: str) -> str:
    """Return the class that a word means, whatever its spelling; PromptError, with the known ones, if it means none."""
    letters = _letters(word)
    for spelling in (letters, letters.removesuffix("s"), letters.removesuffix("es")):
        if spelling in _NAMES:
            return _NAMES[spelling]
    raise PromptError(f"target {word!r} is no class that is known, which are {', '.join(COCO)}")


def labels(words: Sequence[str]) -> tuple[str, ...]:
    """Return the classes that words mean, each once, in their order."""
    return tuple(dict.fromkeys(label(word) for word in words))


def _letters(spelling: str) -> str:
    return "".join(letter for letter in spelling.casefold() if letter.isalpha())


_NAMES = {_letters(name): name for name in COCO} | {_letters(other): name for other, name in SYNONYMS.items()}
