import pytest

from kerasgen.study import cards
from tests.study import fake_study


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"image_size": 32, "channels": 3, "conditional": True},
            "examples/train_one.py --model=dcgan --dataset=mnist --epochs=8 "
            "--batch_size=64 --seed=1 --image_size=32 --channels=3 "
            "--precision=float32 --conditional",
        ),
        (
            {"arm": "published", "batch_size": 128},
            "examples/train_one.py --model=dcgan --dataset=mnist --epochs=8 "
            "--batch_size=128 --seed=1 --precision=float32 --published",
        ),
        (
            {"arm": "modern", "learning_rate_factor": 1.8, "dataset": "kmnist"},
            "examples/train_all.py --arm=modern --models=dcgan --dataset=kmnist "
            "--epochs=8 --precision=float32",
        ),
    ],
)
def test_the_command_on_a_card_trains_that_model(settings, expected):
    run = fake_study.make_run("dcgan", 1, settings=settings)
    assert cards.training_command(run) == f"python {expected}"
