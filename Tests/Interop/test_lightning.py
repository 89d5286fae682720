"""Lightning as the judge: what a Trainer resumes by moves together, and a `.ckpt` stays what it was."""
import json
import logging
import warnings

import pytest

torch = pytest.importorskip("torch")
lightning = pytest.importorskip("pytorch_lightning")
S = torch.optim.lr_scheduler

BATCHES = 5


class Module(lightning.LightningModule):
    """A small model that notes where Lightning resumes it."""

    def __init__(self, interval="step"):
        super().__init__()
        torch.manual_seed(5)
        self.net = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.LayerNorm(16), torch.nn.Linear(16, 4))
        self.interval, self.losses, self.start = interval, [], None

    def training_step(self, batch, index):
        loss = self.net(batch[0]).pow(2).mean()
        self.losses.append(loss.item())
        return loss

    def on_train_start(self):
        optimizer, scheduler = self.trainer.optimizers[0], self.trainer.lr_scheduler_configs[0].scheduler
        state = next(iter(optimizer.state.values()), {})
        self.start = {
            "global_step": self.trainer.global_step, "epoch": self.trainer.current_epoch,
            "adam": int(state["step"]) if state else None, "scheduler": scheduler.last_epoch,
            "rate": optimizer.param_groups[0]["lr"],
        }

    def configure_optimizers(self):
        optimizer = torch.optim.AdamW(self.parameters(), 1e-2)
        scheduler = S.CosineAnnealingLR(optimizer, 100)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": self.interval}}


def fit(module, epochs, checkpoint=None):
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    data = torch.randn(8 * BATCHES, 8, generator=torch.Generator().manual_seed(1))
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(data), batch_size=8)
    trainer = lightning.Trainer(
        max_epochs=epochs, accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False,
        enable_checkpointing=False,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer.fit(module, loader, ckpt_path=checkpoint, weights_only=False)
    return trainer


@pytest.fixture(scope="module", params=["step", "epoch"])
def saved(request, tmp_path_factory):
    """A checkpoint after one epoch, and the losses of the next one."""
    path = tmp_path_factory.mktemp("lightning") / "run.ckpt"
    module = Module(request.param)
    fit(module, 1).save_checkpoint(path)
    whole = Module(request.param)
    fit(whole, 2)
    return request.param, path, whole.losses[BATCHES:]


def test_a_checkpoint_stays_one_and_goes_on(optstate, tmp_path, saved):
    interval, path, wanted = saved
    found = json.loads(optstate("inspect", path, "--json").stdout)
    assert found["format"] == "pytorch" and found["global_step"] == BATCHES
    assert (found["schedule"] or {}).get("kind") == ("torch_cosine" if interval == "step" else None)
    optstate("convert", path, tmp_path / "s.h5")
    optstate("convert", tmp_path / "s.h5", tmp_path / "back" / "run.ckpt", "--to", "pytorch")
    assert (tmp_path / "back" / "run.ckpt").read_bytes() == path.read_bytes()
    module = Module(interval)
    fit(module, 2, str(tmp_path / "back" / "run.ckpt"))
    assert module.losses == wanted


def test_everything_starts_anew(optstate, tmp_path, saved):
    interval, path, _ = saved
    for command in ("set", "reset"):
        optstate(command, path, tmp_path / f"{command}.ckpt", "--step", 0)
        # What was called .ckpt by Lightning is no checkpoint of TensorFlow's.
        assert {one.name for one in tmp_path.glob(f"{command}*")} == {f"{command}.ckpt"}
        module = Module(interval)
        fit(module, 1, str(tmp_path / f"{command}.ckpt"))
        assert module.start == {"global_step": 0, "epoch": 0, "adam": 0, "scheduler": 0, "rate": 1e-2}
        assert len(module.losses) == BATCHES


def test_what_is_published_counts_nothing(optstate, tmp_path, saved):
    interval, path, _ = saved
    for command in (["strip"], ["convert", "--only", "parameters"]):
        public = tmp_path / f"{command[0]}.ckpt"
        optstate(command[0], path, public, *command[1:], *(["--to", "pytorch"] if command[1:] else []))
        left = torch.load(public, weights_only=False)
        assert not {"global_step", "loops"} & set(left) and not left["optimizer_states"] and not left["lr_schedulers"]
        account = json.loads(optstate("inspect", public, "--json").stdout)["account"]
        assert account["parameter"]["count"] == 6 and not account["step"]["count"] and not account["unrecognized"]["count"]
        whole = torch.load(path, weights_only=False)["state_dict"]
        module = Module.load_from_checkpoint(public, weights_only=False)
        assert all(torch.equal(one, whole[name]) for name, one in module.state_dict().items())


def test_another_step_is_refused_by_name(optstate, tmp_path, saved):
    _, path, _ = saved
    done = optstate("set", path, tmp_path / "s.ckpt", "--step", 7, status=65)
    assert not list(tmp_path.iterdir())
    assert "Lightning" in done.stderr or "was called 1 times" in done.stderr


def test_a_changed_rate_is_the_one_that_goes_on(optstate, tmp_path, saved):
    interval, path, _ = saved
    if interval == "epoch":
        done = optstate("set", path, tmp_path / "s.ckpt", "--learning_rate", "0.5", status=65)
        assert "CosineAnnealingLR" in done.stderr
        return
    shown = optstate("set", path, tmp_path / "s.ckpt", "--learning_rate", "0.5").stdout
    module = Module(interval)
    fit(module, 2, str(tmp_path / "s.ckpt"))
    assert module.start["rate"] == pytest.approx(0.5 * (1 + torch.cos(torch.tensor(torch.pi * 0.05, dtype=torch.float64)).item()) / 2)
    assert str(module.start["rate"])[:5] in shown
