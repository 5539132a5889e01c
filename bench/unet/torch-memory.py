"""Peak resident memory of the peers' reference U-Net in a process of its own; one JSON row.
PEERS_FOLDER unet-step|unet-forward BATCH THREADS contiguous|channels_last"""
import json, resource, sys
import torch

folder, work, batch, threads, layout = sys.argv[1:6]
sys.path.insert(0, folder)
from unet import UNet, batch_of, dice_cross_entropy

torch.set_num_threads(int(threads))
net = UNet()
x, labels = batch_of(int(batch))
name = f"torch {torch.__version__}"
if layout == "channels_last":
    name += " channels_last"
    net, x = net.to(memory_format=torch.channels_last_3d), x.contiguous(memory_format=torch.channels_last_3d)
optimiser = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, nesterov=True, weight_decay=3e-5)
for _ in range(3):
    if work == "unet-step":
        optimiser.zero_grad(set_to_none=True)
        dice_cross_entropy(net(x), labels).backward()
        optimiser.step()
    else:
        with torch.inference_mode():
            net(x)
# Kilobytes on Linux, bytes on macOS.
unit = 2**20 if sys.platform == "darwin" else 2**10
rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
print(json.dumps({"peer": name, "work": work, "batch": int(batch), "threads": int(threads), "size": 64, "rss_mb": rss}))
