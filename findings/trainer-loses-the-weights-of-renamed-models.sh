#!/bin/bash
# transformers 5.23.0 (torch 2.15.0): a Trainer that resumes a ViT or a Mixtral from its own checkpoint goes on from the
# weights that the model happened to have, with the moments of the ones it dropped.
#
# Seen: save_pretrained writes such models under the names of older versions, which from_pretrained turns back into those of
# the modules. resume_from_checkpoint loads the file as it is: none of the encoder's names is found, there is a warning of
# missing keys, the optimizer is restored, and the run goes on. BERT and RoBERTa, whose names are one, resume bit for bit.
# Guessed: a checkpoint that the Trainer wrote is one that it reads.
# Printed: "roberta: as without a stop" / "vit: weights of the encoder differ, moments restored at step 2"
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q install torch==2.15.0 transformers==5.23.0 accelerate==1.15.0 numpy==2.4.6
cd "$dir"
CUDA_VISIBLE_DEVICES= "$dir/venv/bin/python" - 2>/dev/null <<'PY' | grep :
import torch, transformers as X
K = dict(hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2)
class D(torch.utils.data.Dataset):
    def __init__(self, make): self.make = make
    def __len__(self): return 8
    def __getitem__(self, i): return self.make(torch.Generator().manual_seed(i), i)
def text(g, i):
    x = torch.randint(3, 48, (6,), generator=g)
    return {"input_ids": x, "labels": x.clone()}
def picture(g, i): return {"pixel_values": torch.randn(3, 16, 16, generator=g), "labels": torch.tensor(i % 2)}
def run(name, build, make, resume=None):
    torch.manual_seed(0 if resume is None else 1)
    a = X.TrainingArguments(name, max_steps=4, save_steps=2, report_to=[], disable_tqdm=True, use_cpu=True, seed=3)
    t = X.Trainer(build(), a, train_dataset=D(make))
    t.train(resume_from_checkpoint=resume)
    return t
for name, build, make in (
    ("roberta", lambda: X.RobertaForMaskedLM(X.RobertaConfig(vocab_size=48, max_position_embeddings=16, **K)), text),
    ("vit", lambda: X.ViTForImageClassification(X.ViTConfig(image_size=16, patch_size=8, **K)), picture),
):
    whole = run(name, build, make).model.state_dict()
    again = run(name, build, make, f"{name}/checkpoint-2")
    same = all(torch.equal(whole[k], v) for k, v in again.model.state_dict().items())
    step = torch.load(f"{name}/checkpoint-2/optimizer.pt")["state"][0]["step"].item()
    print(f"{name}:", "as without a stop" if same else f"weights of the encoder differ, moments restored at step {step:.0f}")
PY
