"""DCGAN in PyTorch, after its tutorial: eager, and with what it recommends for CPUs.

References: docs.pytorch.org/tutorials/beginner/dcgan_faces_tutorial; its performance
tuning guide for channels-last and bfloat16 autocast.

The algorithm and the networks are the zoo's: simultaneous descent, spectral norm (one
power iteration a pass, the gradient through it), batch normalisation in the generator,
Adam, moving average of the generator. Noise is PyTorch's, and there are no running
means of the losses. The images lie in one tensor, which is faster than a `DataLoader`.
"""

import contextlib

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm
from torch.optim import swa_utils

from benchmarks.reference import networks


def generator(latent_dim, width, start):
    return nn.Sequential(
        nn.Linear(latent_dim, 2 * width * start * start, bias=False),
        nn.Unflatten(1, (2 * width, start, start)),
        nn.BatchNorm2d(2 * width, eps=1e-5, momentum=0.1),
        nn.ReLU(True),
        nn.ConvTranspose2d(2 * width, width, 4, 2, 1, bias=False),
        nn.BatchNorm2d(width, eps=1e-5, momentum=0.1),
        nn.ReLU(True),
        nn.ConvTranspose2d(width, 1, 4, 2, 1),
        nn.Sigmoid(),
    )


def discriminator(width, start):
    return nn.Sequential(
        spectral_norm(nn.Conv2d(1, width, 4, 2, 1)),
        nn.LeakyReLU(0.2, True),
        spectral_norm(nn.Conv2d(width, 2 * width, 4, 2, 1)),
        nn.LeakyReLU(0.2, True),
        nn.Flatten(),
        spectral_norm(nn.Linear(2 * width * start * start, 4 * width)),
        nn.LeakyReLU(0.2, True),
        spectral_norm(nn.Linear(4 * width, 1)),
    )


class DCGAN:
    """The zoo's DCGAN in PyTorch.

    Args:
        model: `kerasgen.DCGAN` at its default switches; its sizes are taken.
        images: uint8 array `(n, size, size, 1)`.
        batch_size: Images in a batch.
        tuned: Whether to keep activations channels-last and to compute in bfloat16.
    """

    def __init__(self, model, images, batch_size, tuned=False):
        device = "cuda" if torch.cuda.is_available() else "cpu"
        torch.set_flush_denormal(True)  # TensorFlow does
        start = model.image_shape[0] // 4
        self.latent_dim, self.batch_size = model.latent_dim, batch_size
        self.tuned = tuned
        layout = torch.channels_last if tuned else torch.contiguous_format
        made = generator(model.latent_dim, model.width, start)
        judge = discriminator(model.width, start)
        for name, network in (("generator", made), ("discriminator", judge)):
            trained = sum(weight.numel() for weight in network.parameters())
            ours = networks.count(getattr(model, name))
            networks.check_same_size(name, trained, ours)
        self.generator = made.to(device, memory_format=layout)
        self.discriminator = judge.to(device, memory_format=layout)
        average = swa_utils.get_ema_multi_avg_fn(model.average_momentum)
        self.average = swa_utils.AveragedModel(
            self.generator, multi_avg_fn=average, use_buffers=True
        )
        self.g_optimizer = torch.optim.Adam(
            self.generator.parameters(), 2e-3, betas=(0.0, 0.999), eps=1e-7
        )
        self.d_optimizer = torch.optim.Adam(
            self.discriminator.parameters(), 2e-3, betas=(0.0, 0.999), eps=1e-7
        )
        pixels = torch.from_numpy(images.transpose(0, 3, 1, 2).copy())
        self.images = pixels.to(device)

    def train(self, steps):
        order = torch.randperm(len(self.images), device=self.images.device)
        rows = torch.arange(steps * self.batch_size, device=order.device)
        for batch in order[rows % len(order)].split(self.batch_size):
            loss = self.train_step(self.images[batch].float() / 255.0)
        loss.item()  # waits for the device

    def train_step(self, images):
        precision = contextlib.nullcontext()
        if self.tuned:
            images = images.contiguous(memory_format=torch.channels_last)
            precision = torch.autocast(images.device.type, torch.bfloat16)
        with precision:
            noise = torch.randn(len(images), self.latent_dim, device=images.device)
            fake_images = self.generator(noise)
            real = self.discriminator(2.0 * images - 1.0)
            fake = self.discriminator(2.0 * fake_images - 1.0)
            g_loss = functional.softplus(-fake.float()).mean()
            d_loss = functional.softplus(-real.float()).mean()
            d_loss = d_loss + functional.softplus(fake.float()).mean()
        players = {
            self.generator: (g_loss, self.g_optimizer),
            self.discriminator: (d_loss, self.d_optimizer),
        }
        for network, (loss, _) in players.items():
            weights = list(network.parameters())
            gradients = torch.autograd.grad(loss, weights, retain_graph=True)
            for weight, gradient in zip(weights, gradients, strict=True):
                weight.grad = gradient
        for _, optimizer in players.values():
            optimizer.step()
        self.average.update_parameters(self.generator)
        return g_loss.detach()
