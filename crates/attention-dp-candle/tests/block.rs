//! A small transformer block whose cross-attention reads a private memory, beside the same block with candle's own attention.

#![allow(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

use attention_dp::{Bounds, MomentOptions, Shape};
use attention_dp_candle::{Error, Mask, PrivateCrossAttention, PrivateMemory};
use candle_core::{D, Device, Tensor};
use candle_nn::ops::softmax;
use candle_nn::{Linear, Module};
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, FailureProbability};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;

const MODEL: usize = 16;
const HEADS: usize = 2;
const HEAD_DIM: usize = 4;
const SCALE: f64 = 0.5; // 1/√4

/// Entries uniform in ±spread, repeatable.
fn random(shape: &[usize], spread: f32, seed: u64) -> Tensor {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let entries = (0..shape.iter().product()).map(|_| rng.random_range(-spread..spread)).collect();
    Tensor::from_vec::<_, f32>(entries, shape, &Device::Cpu).unwrap()
}

/// Projections of one cross-attention: public, as those of a trained model.
struct Block {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
}

impl Block {
    fn new() -> Self {
        let linear = |rows, columns, seed| Linear::new(random(&[rows, columns], 0.35, seed), None);
        let inner = HEADS * HEAD_DIM;
        Self {
            query: linear(inner, MODEL, 1),
            key: linear(inner, MODEL, 2),
            value: linear(inner, MODEL, 3),
            output: linear(MODEL, inner, 4),
        }
    }

    /// `(batch, n, model)` to `(batch, heads, n, head_dim)`.
    fn heads(projection: &Linear, x: &Tensor) -> Tensor {
        let (batch, n, _) = x.dims3().unwrap();
        let projected = projection.forward(x).unwrap();
        projected.reshape((batch, n, HEADS, HEAD_DIM)).unwrap().transpose(1, 2).unwrap().contiguous().unwrap()
    }

    /// `x + W_o·heads`.
    fn residual(&self, x: &Tensor, attended: &Tensor) -> Tensor {
        let (batch, _, m, _) = attended.dims4().unwrap();
        let joined = attended.transpose(1, 2).unwrap().reshape((batch, m, HEADS * HEAD_DIM)).unwrap();
        (x + self.output.forward(&joined).unwrap()).unwrap()
    }
}

/// Candle's own attention; `mask` is added to the logits.
fn exact(q: &Tensor, k: &Tensor, v: &Tensor, mask: Option<&Tensor>) -> Tensor {
    let logits = (q.matmul(&k.t().unwrap()).unwrap() * SCALE).unwrap();
    let logits = mask.map_or(logits.clone(), |mask| logits.broadcast_add(mask).unwrap());
    softmax(&logits, D::Minus1).unwrap().matmul(v).unwrap()
}

fn largest_norm(x: &Tensor) -> f64 {
    let norms = x.sqr().unwrap().sum(D::Minus1).unwrap().sqrt().unwrap().flatten_all().unwrap();
    f64::from(norms.max(0).unwrap().to_scalar::<f32>().unwrap())
}

/// All entries, which must be numbers: largest ones are taken of them, where NaN would vanish.
fn entries(x: &Tensor) -> Vec<f32> {
    let entries: Vec<f32> = x.flatten_all().unwrap().to_vec1().unwrap();
    assert!(entries.iter().all(|x| x.is_finite()), "an entry is no number");
    entries
}

/// Largest excess of `|a − b|` over the half-width.
fn excess(a: &Tensor, b: &Tensor, half_width: &Tensor) -> f32 {
    let errors = entries(&(a - b).unwrap().abs().unwrap());
    errors.iter().zip(entries(half_width)).map(|(error, bar)| error - bar).fold(f32::NEG_INFINITY, f32::max)
}

/// Logits up to 1 and values up to 2 in single precision, sums of 30 000 weights in an order of candle's own.
const ROUNDING: f32 = 2e-5;

struct Scene {
    block: Block,
    x: Tensor,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    options: MomentOptions,
}

/// A batch of two sequences of five tokens, and a memory that both share.
fn scene(memory: usize) -> Scene {
    let block = Block::new();
    let (x, memory) = (random(&[2, 5, MODEL], 0.5, 5), random(&[1, memory, MODEL], 0.5, 6));
    let (q, k, v) = (
        Block::heads(&block.query, &x),
        Block::heads(&block.key, &memory),
        Block::heads(&block.value, &memory),
    );
    // an experiment may look at norms; on private data radii are public knowledge. With room for rounding: nothing is clipped
    let radius = |x: &Tensor| 1.001 * largest_norm(x);
    let bounds = Bounds::new(radius(&q), radius(&k), radius(&v)).unwrap();
    let shape = Shape { key_dim: HEAD_DIM, value_dim: HEAD_DIM };
    let options = MomentOptions::new(shape, bounds, 8).with_softmax_scale(SCALE);
    Scene { block, x, q, k, v, options }
}

impl Scene {
    fn memory(&self) -> PrivateMemory<AddRemoveRow> {
        let mut memory = PrivateMemory::new(AddRemoveRow, &self.options, HEADS).unwrap();
        memory.push(&self.k.squeeze(0).unwrap(), &self.v.squeeze(0).unwrap()).unwrap();
        memory
    }
}

/// A memory as each sequence of the batch sees it.
fn shared(memory: &Tensor) -> Tensor {
    memory.repeat((2, 1, 1, 1)).unwrap()
}

fn gamma() -> FailureProbability {
    FailureProbability::new(1e-3).unwrap()
}

fn attention(scene: &Scene, epsilon: f64) -> PrivateCrossAttention {
    let (epsilon, delta) = (Epsilon::new(epsilon).unwrap(), Delta::new(1e-6).unwrap());
    let released = scene.memory().release(epsilon, delta, &mut ChaCha20Rng::seed_from_u64(7)).unwrap();
    assert!(released.certificate().guarantee().delta(epsilon.get()) <= 1e-6);
    assert_eq!(released.value().len(), HEADS);
    PrivateCrossAttention::new(released.value().clone(), gamma()).unwrap()
}

#[test]
fn a_block_with_a_private_memory_is_within_its_bars_of_the_exact_one() {
    let scene = scene(30_000);
    let attended = attention(&scene, 2.0).forward(&scene.q).unwrap();
    let exact = exact(&scene.q, &shared(&scene.k), &shared(&scene.v), None);
    assert_eq!(attended.output().dims(), exact.dims());
    assert_eq!(attended.output().dtype(), scene.q.dtype());
    let excess = excess(attended.output(), &exact, attended.half_width());
    assert!(excess <= ROUNDING, "{excess}");
    let widest = entries(attended.half_width()).into_iter().fold(0.0, f32::max);
    assert!(widest < 0.2, "the bars say something: {widest}");
    // after the output projection, the error is at most that of the heads times the absolute weights
    let (private, plain) =
        (scene.block.residual(&scene.x, attended.output()), scene.block.residual(&scene.x, &exact));
    let worst = entries(&(private - plain).unwrap().abs().unwrap()).into_iter().fold(0.0, f32::max);
    let gain =
        entries(&scene.block.output.weight().abs().unwrap().sum(1).unwrap()).into_iter().fold(0.0, f32::max);
    assert!(worst <= gain * widest + ROUNDING, "{worst} {gain} {widest}");
}

#[test]
fn without_noise_only_features_and_rounding_remain() {
    let scene = scene(500);
    let attention = PrivateCrossAttention::new(scene.memory().assume_public().unwrap(), gamma()).unwrap();
    let attended = attention.forward(&scene.q).unwrap();
    let exact = exact(&scene.q, &shared(&scene.k), &shared(&scene.v), None);
    let worst = entries(&(attended.output() - exact).unwrap().abs().unwrap()).into_iter().fold(0.0, f32::max);
    assert!(worst < 1e-3, "{worst}");
}

#[test]
fn local_tokens_follow_the_memory_in_one_causal_softmax() {
    let scene = scene(30_000);
    let attention = attention(&scene, 2.0);
    let (k, v) = (Block::heads(&scene.block.key, &scene.x), Block::heads(&scene.block.value, &scene.x));
    // keys of the conversation ten times as long: logits that no feature map could follow
    let k = (k * 10.0).unwrap();
    let attended = attention.forward_with_local(&scene.q, (&k, &v), Mask::Causal { offset: 0 }).unwrap();
    let all_keys = Tensor::cat(&[shared(&scene.k), k], 2).unwrap();
    let all_values = Tensor::cat(&[shared(&scene.v), v], 2).unwrap();
    let hidden = |i: usize, j: usize| j > 30_000 + i;
    let mask = (0..5).flat_map(|i| (0..30_005).map(move |j| (i, j)));
    let mask: Vec<f32> = mask.map(|(i, j)| if hidden(i, j) { f32::NEG_INFINITY } else { 0.0 }).collect();
    let mask = Tensor::from_vec(mask, (5, 30_005), &Device::Cpu).unwrap();
    let exact = exact(&scene.q, &all_keys, &all_values, Some(&mask));
    let excess = excess(attended.output(), &exact, attended.half_width());
    assert!(excess <= 10.0 * ROUNDING, "{excess}"); // logits ten times as large
    let (low, high) = scene.options.value_range();
    let widest = entries(attended.half_width()).into_iter().fold(0.0, f32::max);
    assert!(f64::from(widest) < 0.2 * (high - low), "every query is answered: {widest}");
}

/// Where a memory gives no answer, a query still sees neither later tokens nor what they hold.
#[test]
fn a_memory_that_abstains_shows_no_later_token() {
    let scene = scene(3);
    let attention = attention(&scene, 0.1);
    let (k, v) = (Block::heads(&scene.block.key, &scene.x), Block::heads(&scene.block.value, &scene.x));
    // the first coordinate of the last token's value
    let hidden = |x: f32| {
        let mut values: Vec<f32> = entries(&v);
        values.chunks_mut(5 * HEAD_DIM).for_each(|head| head[4 * HEAD_DIM] = x);
        Tensor::from_vec(values, v.dims(), &Device::Cpu).unwrap()
    };
    let early = scene.q.narrow(2, 0, 4).unwrap(); // the last query sees the last token
    let attend = |v: &Tensor| {
        let attended = attention.forward_with_local(&early, (&k, v), Mask::Causal { offset: 0 }).unwrap();
        (entries(attended.output()), entries(attended.half_width()))
    };
    let plain = attend(&v);
    let (low, high) = scene.options.value_range();
    assert!(plain.1.iter().any(|&bar| f64::from(bar) > 0.49 * (high - low)), "some query has no answer");
    for x in [100.0, f32::INFINITY, f32::NAN] {
        assert_eq!(attend(&hidden(x)), plain, "{x}");
    }
    // and a large value that is seen widens its own column alone
    let attended = attention.forward_with_local(&scene.q, (&k, &hidden(100.0)), Mask::None).unwrap();
    let bars = entries(&attended.half_width().narrow(3, 1, HEAD_DIM - 1).unwrap());
    assert!(bars.iter().all(|&bar| f64::from(bar) < 0.75 * (high - low)), "{bars:?}");
}

#[test]
fn heads_of_different_shapes_are_refused() {
    let head = |value_dim: usize| {
        let shape = Shape { key_dim: HEAD_DIM, value_dim };
        let options = MomentOptions::new(shape, Bounds::new(1.0, 1.0, 1.0).unwrap(), 2);
        PrivateMemory::new(AddRemoveRow, &options, 1).unwrap().assume_public().unwrap().remove(0)
    };
    let heads = vec![head(2), head(1), head(3)];
    assert!(matches!(PrivateCrossAttention::new(heads, gamma()), Err(Error::Shape { heads: 3, .. })));
    assert!(PrivateCrossAttention::new(vec![head(2), head(2)], gamma()).is_ok());
}

#[test]
fn a_memory_of_few_tokens_gives_the_middle_of_the_range_and_says_so() {
    let scene = scene(3);
    let attended = attention(&scene, 0.1).forward(&scene.q).unwrap();
    let (low, high) = scene.options.value_range();
    assert!(entries(attended.output()).iter().all(|&x| x == 0.0));
    assert!(entries(attended.half_width()).iter().all(|&w| f64::from(w) >= 0.49 * (high - low)));
}

#[test]
fn wrong_shapes_are_refused_and_private_entries_never() {
    let scene = scene(10);
    let mut memory = PrivateMemory::new(AddRemoveRow, &scene.options, HEADS).unwrap();
    let (k, v) = (scene.k.squeeze(0).unwrap(), scene.v.squeeze(0).unwrap());
    assert!(matches!(memory.push(&scene.k, &v), Err(Error::Shape { what: "keys", .. })));
    assert!(matches!(memory.push(&k, &v.narrow(0, 0, 1).unwrap()), Err(Error::Shape { what: "values", .. })));
    assert!(matches!(memory.push(&k, &v.narrow(1, 0, 3).unwrap()), Err(Error::Attention(_))));
    assert!(matches!(
        PrivateMemory::new(AddRemoveRow, &scene.options, 0),
        Err(Error::Attention(attention_dp::Error::NoHeads))
    ));
    let bad = (k.zeros_like().unwrap() / 0.0).unwrap(); // NaN everywhere
    memory.push(&bad, &v).unwrap();
    assert_eq!(format!("{memory:?}"), "PrivateMemory { adjacency: add_remove_row, heads: 2, .. }");
    let attention = attention(&scene, 1.0);
    assert!(matches!(attention.forward(&k), Err(Error::Shape { what: "queries", .. })));
    let long = (scene.q.clone() * 2.0).unwrap();
    assert!(matches!(
        attention.forward(&long),
        Err(Error::Attention(attention_dp::Error::QueryTooLong { .. }))
    ));
}
