// The body of the smoke test, shared by its ESM and its CJS program: a user's whole path in small.
export async function use({ tf, core, backend, unet, losses, metrics, io, inference }) {
  const started = await backend.startBackend({ name: 'wasm' });
  const rng = core.Rng.fromSeed(1);
  const phantom = io.generatePhantom({ seed: 1, shape: [16, 16, 16] });
  const network = unet.unet3d({ inputChannels: 1, classes: phantom.labels.length + 1, features: [8, 16] });
  const params = network.init(rng);
  const x = tf.tensor5d(Float32Array.from(phantom.image.data), [1, 16, 16, 16, 1]);
  const y = tf.tensor4d(Int32Array.from(phantom.label.data), [1, 16, 16, 16], 'int32');
  const names = Object.keys(params);
  const loss = (...values) => {
    const map = Object.fromEntries(names.map((name, i) => [name, values[i]]));
    return losses.diceCrossEntropyLoss(network.apply(map, x, { statistics: 'batch' }), y);
  };
  const { value, grads } = tf.valueAndGrads(loss)(Object.values(params));
  const [first] = await value.data();
  const moved = Object.values(params).map((p, i) => tf.sub(p, tf.mul(grads[i], 0.01)));
  const second = tf.tidy(() => loss(...moved)).dataSync()[0];
  if (!(second < first)) throw new Error(`a gradient step did not lower the loss: ${first} -> ${second}`);
  const predictor = inference.networkPredictor(network, params);
  const result = await inference.slidingWindowInference(predictor, phantom.image, { patchSize: [16, 16, 16] });
  const dice = metrics.dice(result.labels, phantom.label.data);
  return `${started.name}: loss ${first.toFixed(3)} -> ${second.toFixed(3)}, Dice ${dice.toFixed(3)}`;
}

// The same for the packages that need no tensors, where TensorFlow.js is not installed.
export async function useWithoutTensors({ core, metrics, io }) {
  const { label } = io.generatePhantom({ seed: 1, shape: [16, 16, 16] });
  const file = io.encodeNifti(label);
  const read = io.scaledData(io.parseNifti(file));
  const volume = core.createVolume(Uint8Array.from(read), label.shape, { affine: label.affine });
  const shape = volume.shape;
  const { labels } = metrics.evaluateSegmentation({ prediction: volume.data, reference: label.data, shape });
  if (labels.some(({ dice }) => dice !== 1)) throw new Error('a label map is not itself after a round trip');
  return `without TensorFlow.js: ${labels.length} labels written, read and compared`;
}
