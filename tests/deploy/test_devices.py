"""Replicas on devices: who computes where, and how many there are."""

import argparse

import pytest

from deploy.config import Job
from deploy.options import add_job_options, job_of


def parsed(*words: str) -> Job:
    """Return the job that an option's words spell."""
    parser = argparse.ArgumentParser()
    add_job_options(parser)
    parser.set_defaults(source="in.mkv", target="out.mkv", classes=[])
    return job_of(parser.parse_args(words))


def test_replicas_take_the_devices_in_turn():
    job = parsed("--replicas", "inpaint=3", "--devices", "cuda:0, cuda:1")
    assert job.replicas == 3
    assert [job.of_replica(index).inpaint.device for index in range(3)] == ["cuda:0", "cuda:1", "cuda:0"]


def test_without_devices_all_replicas_use_the_one():
    job = parsed("--replicas", "2", "--device", "cuda:1")
    assert {job.of_replica(index).inpaint.device for index in range(2)} == {"cuda:1"}
    assert job.segment.device == "cuda:1"


def test_device_and_precision_are_those_of_every_network():
    job = parsed("--device", "cuda", "--precision", "f32")
    assert (job.segment.device, job.segment.precision) == (job.inpaint.device, job.inpaint.precision) == ("cuda", "f32")


def test_only_inpaint_has_replicas(capsys):
    with pytest.raises(SystemExit):
        parsed("--replicas", "encode=2")
    assert "invalid count value: 'encode=2'" in capsys.readouterr().err
