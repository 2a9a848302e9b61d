"""Train a model of your own with sparse layers, and a method of the suite that rewires them."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional

import suite

EPOCHS, BATCH = 20, 50
torch.manual_seed(1)
x, y = (torch.from_numpy(array) for array in load_digits(return_X_y=True))
x, y = x.float() / 16, y.long()
test = torch.arange(len(x)) % 5 == 0  # every fifth digit
x_train, y_train = x[~test], y[~test]

model = nn.Sequential(
    suite.SparseLinear(64, 200, density=0.1),
    nn.ReLU(),
    suite.SparseLinear(200, 100, density=0.1),
    nn.ReLU(),
    nn.Linear(100, 10),
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
steps = len(x_train) // BATCH
rewiring = suite.Rewiring("set", model, optimizer, epochs=EPOCHS, steps=steps)
for _ in range(EPOCHS):
    for chosen in torch.randperm(len(x_train))[: steps * BATCH].split(BATCH):
        loss = functional.cross_entropy(model(x_train[chosen]), y_train[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rewiring.step()

accuracy = (model(x[test]).argmax(dim=1) == y[test]).float().mean()
connections = sum(layer.connections for layer in rewiring.layers)
print(f"accuracy {accuracy:.3f} with {connections:,} connections")
