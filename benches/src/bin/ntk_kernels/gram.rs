//! Gram matrices beside the bare product of all pairs.

use crate::{Outcome, normal};
use dp_linalg::{Accumulate, Mat, Parallelism, matmul_nt_into};
use ntk_dp::{Activation, Kernel, Network};
use provable_dp_benches::median_seconds_in_turns;
use std::hint::black_box;

const DEPTH: usize = 3;
const ROUNDS: usize = 5;
const ACTIVATIONS: [(&str, Activation); 4] = [
    ("ReLU", Activation::Relu),
    ("leaky ReLU", Activation::LeakyRelu { slope: 0.1 }),
    ("erf", Activation::Erf),
    ("GELU", Activation::Gelu),
];

pub(crate) fn print(n: usize, d: usize) -> Outcome {
    let points = normal(n, d, 1);
    let mut out = Mat::zeros(n, n);
    println!("n = {n}, d = {d}, NTK of depth {DEPTH}, medians of {ROUNDS} runs in turns");
    println!("product: all of XXᵀ, both halves, into memory that is there\n");
    println!("| | threads | Gram matrix, s | product, s | product / Gram matrix |\n|---|---|---|---|---|");
    for parallelism in [Parallelism::Sequential, Parallelism::available()] {
        for (name, activation) in ACTIVATIONS {
            let kernel = Kernel::ntk(Network::new(activation, DEPTH, 2.0)?);
            let mut ours = || _ = black_box(kernel.gram(points.as_ref(), parallelism));
            let mut bare = || {
                let (out, x) = (out.as_mut(), points.as_ref());
                _ = black_box(matmul_nt_into(out, Accumulate::Replace, x, x, parallelism));
            };
            let seconds = median_seconds_in_turns(ROUNDS, &mut [&mut ours, &mut bare]);
            println!(
                "| {name} | {} | {:.3} | {:.3} | {:.2} |",
                parallelism.get(),
                seconds[0],
                seconds[1],
                seconds[1] / seconds[0]
            );
        }
    }
    Ok(())
}
