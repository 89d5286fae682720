#!/bin/bash
# transformers 5.23.0 with accelerate 1.15.0 and torch 2.13.0: a Trainer checkpoint that lacks scheduler.pt resumes
# with a new optimizer, though optimizer.pt is there, and says nothing of it.
#
# Seen: 8 updates with a linear schedule, saved at 4. Resuming from the whole folder gives the rates of the first
# run and steps of 8 in Adam's state. With scheduler.pt removed the Trainer still goes on at update 5 with the saved
# weights and ends at 8, but Adam's steps end at 4 and the rate begins again from its top. No warning names either file.
# Guessed: the rate begins again, as its file is gone, and the moments come from optimizer.pt; or resuming is refused.
# Printed: "whole: 5 to 8 at [0.005, 0.00375, 0.0025, 0.00125], steps 8" /
#          "no scheduler.pt: 5 to 8 at [0.01, 0.00875, 0.0075, 0.00625], steps 4, mentioned: False"
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q install torch==2.13.0 numpy==2.4.6 transformers==5.23.0 accelerate==1.15.0
cat > "$dir/run.py" <<'PY'
import os, sys, torch, transformers as T
out, resume = sys.argv[1], sys.argv[2:]
torch.manual_seed(0)
model = T.GPT2LMHeadModel(T.GPT2Config(vocab_size=16, n_positions=8, n_embd=8, n_layer=1, n_head=1, bos_token_id=0, eos_token_id=0))
ids = torch.tensor([1, 2, 3, 4])
seen = []

class Note(T.TrainerCallback):
    def on_log(self, args, state, control, logs=None, **rest):
        if "learning_rate" in logs:
            seen.append((state.global_step, round(logs["learning_rate"], 5)))

args = T.TrainingArguments(output_dir=out, max_steps=8, per_device_train_batch_size=4, save_steps=4, logging_steps=1,
                           learning_rate=0.01, lr_scheduler_type="linear", use_cpu=True, report_to=[], disable_tqdm=True)
trainer = T.Trainer(model=model, args=args, train_dataset=[{"input_ids": ids, "labels": ids}] * 64, callbacks=[Note()])
trainer.train(resume_from_checkpoint=resume[0] if resume else None)
steps = {float(s["step"]) for s in trainer.optimizer.state.values()}
assert len(steps) == 1
print(f"RESULT {seen[0][0]} to {seen[-1][0]} at {[rate for _, rate in seen]}, steps {int(steps.pop())}")
PY
run() { HF_HUB_OFFLINE=1 "$dir/venv/bin/python" "$dir/run.py" "$@" >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }; grep RESULT "$dir/log" | cut -d' ' -f2-; }
run "$dir/out" >/dev/null
whole=$(run "$dir/out" "$dir/out/checkpoint-4")
echo "whole: $whole"
rm "$dir/out/checkpoint-4/scheduler.pt"
test -s "$dir/out/checkpoint-4/optimizer.pt"
partial=$(run "$dir/out" "$dir/out/checkpoint-4")
mentioned=False
if grep -qE '(optimizer|scheduler)\.pt' "$dir/log"; then mentioned=True; fi
echo "no scheduler.pt: $partial, mentioned: $mentioned"
test "$whole" = "5 to 8 at [0.005, 0.00375, 0.0025, 0.00125], steps 8"
test "$partial" = "5 to 8 at [0.01, 0.00875, 0.0075, 0.00625], steps 4"
test "$mentioned" = False
