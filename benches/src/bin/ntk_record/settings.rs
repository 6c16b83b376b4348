//! Constants of the methods: what was tried on drawn pictures, and what was chosen.

use crate::methods::Method;

/// A constant of a method.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Constant {
    pub(crate) name: &'static str,
    /// In increasing order; a search begins at the middle.
    pub(crate) tried: &'static [f64],
    /// What `--choose` found; a test compares it with the file that it wrote.
    chosen: f64,
}

/// The usual one (Sutskever, Martens, Dahl, Hinton 2013).
pub(crate) const MOMENTUM: f64 = 0.9;

const fn constant(name: &'static str, tried: &'static [f64], chosen: f64) -> Constant {
    Constant { name, tried, chosen }
}

/// Whether scattering coefficients are under a root (½) or not (1).
pub(crate) const POWER: &str = "power";
/// Whether colours are as given (0) or opponent ones (1).
pub(crate) const COLOURS: &str = "colours";
/// Whether features are over cells (0) or frequencies (1).
pub(crate) const FREQUENCIES: &str = "frequencies";
/// Whether features are weighted by pictures of independent pixels (0) or of leaves (1).
pub(crate) const LEAVES: &str = "leaves";
pub(crate) const WHITENING: &str = "whitening";
/// What features are made of.
pub(crate) const SHAPE: [&str; 5] = [POWER, COLOURS, FREQUENCIES, LEAVES, WHITENING];
/// Weights are `D·k` numbers; rows are counted times `μ`.
pub(crate) const ROWS_A_WEIGHT: &str = "rows_a_weight";
/// Sum of all steps, as multiples of `D·k` times the mean gradient.
pub(crate) const TIME: &str = "time";
pub(crate) const STEPS: &str = "steps";
pub(crate) const RESIDUAL_CLIP: &str = "residual_clip";
/// Share of `μ²` for the centre.
pub(crate) const CENTRE: &str = "centre";
/// As a multiple of the length that textures have.
pub(crate) const ROW_CLIP: &str = "row_clip";
/// Part of the rows in a step, on average.
pub(crate) const RATE: &str = "rate";
/// `nμ/D^{3/2}` of moments: what the mean eigenvalue is beside the radius of noise, but for a factor.
pub(crate) const SIGNAL: &str = "signal";
pub(crate) const TARGET_WEIGHT: &str = "target_weight";

/// The first five are the shape of the features, the same for all methods.
const DESCENT: [Constant; 11] = [
    constant(POWER, &[0.5, 1.0], 0.5),
    constant(COLOURS, &[0.0, 1.0], 0.0),
    constant(FREQUENCIES, &[0.0, 1.0], 1.0),
    constant(LEAVES, &[0.0, 1.0], 1.0),
    constant(WHITENING, &[0.0, 0.5, 1.0], 1.0),
    constant(ROWS_A_WEIGHT, &[0.6, 1.25, 2.5, 5.0, 10.0], 0.6),
    constant(TIME, &[1.0, 2.0, 4.0, 8.0, 16.0], 1.0),
    constant(RESIDUAL_CLIP, &[0.5, 0.7, 1.0, 1.4], 0.5),
    constant(STEPS, &[12.0, 24.0, 48.0], 48.0),
    constant(CENTRE, &[0.02, 0.05, 0.1], 0.05),
    constant(ROW_CLIP, &[1.0, 2.0, 4.0], 1.0),
];

/// Centre and clip of rows are those of the descent.
const STOCHASTIC: [Constant; 5] = [
    constant(ROWS_A_WEIGHT, &[0.6, 1.25, 2.5, 5.0, 10.0], 0.6),
    constant(TIME, &[1.0, 2.0, 4.0, 8.0, 16.0], 1.0),
    constant(RESIDUAL_CLIP, &[0.5, 0.7, 1.0, 1.4], 0.5),
    constant(STEPS, &[100.0, 200.0, 400.0], 400.0),
    constant(RATE, &[0.04, 0.08, 0.16], 0.16),
];

/// Centre and clip of rows are those of the descent.
const MOMENTS: [Constant; 2] =
    [constant(SIGNAL, &[0.5, 1.0, 2.0, 4.0, 8.0], 0.5), constant(TARGET_WEIGHT, &[0.5, 1.0, 2.0], 2.0)];

/// Constants in the order in which they are searched; none without privacy, where data may choose.
pub(crate) const fn constants(method: Method) -> &'static [Constant] {
    match method {
        Method::Descent => &DESCENT,
        Method::Stochastic => &STOCHASTIC,
        Method::Moments => &MOMENTS,
        Method::Exact => &[],
    }
}

/// A value for each constant of a method, and for those that it shares with the descent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    method: Method,
    values: Vec<(&'static str, f64)>,
}

impl Settings {
    /// Where a search begins, after that of the descent.
    pub(crate) fn middle(method: Method, descent: &[(&'static str, f64)]) -> Self {
        let middle = |constant: &Constant| (constant.name, constant.tried[constant.tried.len() / 2]);
        Self::new(method, constants(method).iter().map(middle), descent)
    }

    /// What was chosen.
    pub(crate) fn chosen(method: Method) -> Self {
        let chosen = |method| constants(method).iter().map(|constant| (constant.name, constant.chosen));
        Self::new(method, chosen(method), &chosen(Method::Descent).collect::<Vec<_>>())
    }

    /// A method's own values come first, and are found first.
    fn new(
        method: Method,
        own: impl Iterator<Item = (&'static str, f64)>,
        descent: &[(&'static str, f64)],
    ) -> Self {
        Self { method, values: own.chain(descent.iter().copied()).collect() }
    }

    pub(crate) const fn method(&self) -> Method {
        self.method
    }

    pub(crate) fn values(&self) -> &[(&'static str, f64)] {
        &self.values
    }

    pub(crate) fn get(&self, name: &str) -> f64 {
        let found = self.values.iter().find(|(own, _)| *own == name);
        found.expect("a constant of this method").1
    }

    pub(crate) fn with(mut self, name: &str, value: f64) -> Self {
        if let Some(found) = self.values.iter_mut().find(|(own, _)| *own == name) {
            found.1 = value;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::methods;
    use dp_mechanisms::{Delta, Epsilon, gaussian};
    use ntk_dp::image::{FeatureOptions, ImageShape, Scattering};
    use ntk_dp::private::DescentOptions;

    #[test]
    fn features_of_the_library_have_the_chosen_shape() {
        let (shape, chosen) = (ImageShape::new(3, 8, 8).unwrap(), Settings::chosen(Method::Descent));
        assert_eq!(Scattering::new(shape), methods::scattering(shape, &chosen));
        assert_eq!(FeatureOptions::new(7), methods::feature_options(7, &chosen).unwrap());
        assert_eq!(chosen.get(LEAVES), 1.0); // `Textures`
    }

    #[test]
    fn defaults_of_the_library_are_the_chosen_constants() {
        let (options, chosen) = (DescentOptions::new(100, 10).unwrap(), Settings::chosen(Method::Descent));
        assert_eq!(f64::from(options.steps()), chosen.get(STEPS));
        assert_eq!(options.residual_clip(), chosen.get(RESIDUAL_CLIP));
        assert_eq!(options.centre(), chosen.get(CENTRE));
        assert_eq!(options.momentum(), MOMENTUM);
        let time = options.step_size() * f64::from(options.steps()) / (1.0 - options.momentum());
        // a division and a product round
        assert!((time / chosen.get(TIME) - 1.0).abs() < 1e-12);
        for (rows, epsilon) in [(8000, 1.0), (50_000, 0.1), (50_000, 3.0)] {
            let mu = gaussian::mu_for(Epsilon::new(epsilon).unwrap(), Delta::new(1e-5).unwrap());
            let worth = rows as f64 * mu.get() / (10.0 * chosen.get(ROWS_A_WEIGHT));
            assert!(DescentOptions::worthwhile_dim(rows, 10, mu).abs_diff(worth as usize) <= 1);
        }
    }
}
