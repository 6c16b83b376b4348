//! The order of the monomials and the runs that compute them.

/// Consecutive monomials with the same degree, last variable and multiplicity of that variable.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Run {
    /// First parent, counted within the previous degree.
    pub(crate) parent: usize,
    /// Monomials in the run.
    pub(crate) len: usize,
    /// The last variable `i`.
    pub(crate) variable: usize,
    /// `√(wⱼ j / (wⱼ₋₁ m))`.
    pub(crate) factor: f64,
}

/// The monomials of one degree.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Degree {
    /// Index of its first feature.
    pub(crate) first: usize,
    /// How many there are.
    pub(crate) len: usize,
    /// Whether its coefficient is nonzero.
    pub(crate) kept: bool,
    /// `wⱼ`: the coefficient, or for a zero coefficient the weight of the degree before.
    pub(crate) weight: f64,
    pub(crate) runs: Vec<Run>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    pub(crate) dim: usize,
    pub(crate) feature_count: usize,
    /// Features below the highest degree: those that are somebody's parents.
    pub(crate) parent_count: usize,
    /// `√w₀`, the value of the constant monomial.
    pub(crate) start: f64,
    pub(crate) degrees: Vec<Degree>,
}

impl Plan {
    /// Callers have checked coefficients and size.
    pub(crate) fn new(dim: usize, coefficients: &[f64]) -> Self {
        let weight = if coefficients[0] == 0.0 { 1.0 } else { coefficients[0] };
        let mut degrees =
            vec![Degree { first: 0, len: 1, kept: coefficients[0] != 0.0, weight, runs: Vec::new() }];
        // counts[i][m − 1] = monomials of the previous degree with last variable i of multiplicity m
        let mut counts: Vec<Vec<usize>> = Vec::new();
        for (j, &coefficient) in coefficients.iter().enumerate().skip(1) {
            counts = next_counts(dim, j, &counts);
            let before = &degrees[j - 1];
            degrees.push(degree(j, coefficient, before, &counts));
        }
        let last = degrees.last().expect("there is always degree zero");
        let (parent_count, feature_count) = (last.first, last.first + last.len);
        Self { dim, feature_count, parent_count, start: weight.sqrt(), degrees }
    }

    /// The recurrence for one point, one scalar at a time. `out` has `feature_count` entries.
    pub(crate) fn apply_scalar(&self, start: f64, x: &[f64], out: &mut [f64]) {
        out[0] = start;
        for (before, degree) in self.degrees.iter().zip(&self.degrees[1..]) {
            let (parents, children) = out[before.first..].split_at_mut(before.len);
            let mut children = children.iter_mut();
            for run in &degree.runs {
                let factor = x[run.variable] * run.factor;
                for (parent, child) in parents[run.parent..][..run.len].iter().zip(children.by_ref()) {
                    *child = parent * factor;
                }
            }
        }
    }

    /// Zeroes the features of degrees whose coefficient is zero.
    pub(crate) fn clear_absent_degrees(&self, out: &mut [f64]) {
        for degree in self.degrees.iter().filter(|degree| !degree.kept) {
            out[degree.first..][..degree.len].fill(0.0);
        }
    }

    pub(crate) fn exponents(&self) -> Vec<Vec<u32>> {
        let mut all = vec![vec![0_u32; self.dim]];
        for (before, degree) in self.degrees.iter().zip(&self.degrees[1..]) {
            for run in &degree.runs {
                for k in 0..run.len {
                    let mut exponents = all[before.first + run.parent + k].clone();
                    exponents[run.variable] += 1;
                    all.push(exponents);
                }
            }
        }
        all
    }
}

/// Monomials of degree `j` by last variable and multiplicity: multiplicity 1 extends every monomial of degree `j − 1`
/// in earlier variables, multiplicity `m` those of multiplicity `m − 1`.
fn next_counts(dim: usize, j: usize, before: &[Vec<usize>]) -> Vec<Vec<usize>> {
    if j == 1 {
        return vec![vec![1]; dim];
    }
    let mut earlier = 0;
    let mut next = Vec::with_capacity(dim);
    for counts in before {
        next.push(core::iter::once(earlier).chain(counts.iter().copied()).collect());
        earlier += counts.iter().sum::<usize>();
    }
    next
}

fn degree(j: usize, coefficient: f64, before: &Degree, counts: &[Vec<usize>]) -> Degree {
    let kept = coefficient != 0.0;
    let weight = if kept { coefficient } else { before.weight };
    let ratio = weight / before.weight;
    let (mut runs, mut len) = (Vec::new(), 0);
    for (variable, counts) in counts.iter().enumerate() {
        let mut parent = 0;
        for (m, &run_len) in (1_usize..).zip(counts) {
            if run_len > 0 {
                let factor = (ratio * (j as f64 / m as f64)).sqrt();
                runs.push(Run { parent, len: run_len, variable, factor });
            }
            parent += run_len;
        }
        len += parent;
    }
    Degree { first: before.first + before.len, len, kept, weight, runs }
}
