//! Features of images that no data were looked at for: what private regression on images needs.
//!
//! Wavelet scattering ([`Scattering`]) is fixed by its filters; how its coefficients are centred, weighted and cut to a dimension
//! ([`ImageFeatures`]) is learned from pictures of nothing ([`Textures`]), drawn from a seed. So features of an image depend on this image and
//! on public parameters alone, and no privacy is spent on them.

mod features;
mod options;
mod planes;
mod scattering;
mod shape;
mod textures;
mod wavelets;

pub use features::ImageFeatures;
pub use options::{CellBasis, FeatureOptions};
pub use scattering::{Colours, Compression, Scattering, Symmetry};
pub use shape::ImageShape;
pub use textures::Textures;
