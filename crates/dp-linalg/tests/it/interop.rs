//! Conversions keep every entry in its place.

use dp_linalg::Mat;

use crate::support::random;

#[cfg(feature = "interop-nalgebra")]
#[test]
fn nalgebra_round_trips_keep_every_entry() {
    use dp_linalg::interop::nalgebra::DMatrix;
    for (n, d) in [(0, 3), (3, 0), (4, 7)] {
        let a = random(n, d, 1);
        let view = a.as_ref().subrows(n / 2..n).subcols(d / 2..d);
        let there = DMatrix::from(&a);
        assert_eq!(there.shape(), (n, d));
        assert!((0..n).all(|i| (0..d).all(|j| there[(i, j)] == a[(i, j)])));
        assert_eq!(Mat::from(&there), a);
        assert_eq!(Mat::from(DMatrix::from(view)), view.to_owned());
        assert_eq!(Mat::from(DMatrix::from(a.clone())), a);
    }
}

#[cfg(feature = "interop-faer")]
#[test]
fn faer_round_trips_keep_every_entry() {
    use dp_linalg::interop::faer;
    for (n, d) in [(0, 3), (3, 0), (4, 7)] {
        let a = random(n, d, 1);
        let view = a.as_ref().subrows(n / 2..n).subcols(d / 2..d);
        let there = faer::Mat::<f64>::from(&a);
        assert_eq!((there.nrows(), there.ncols()), (n, d));
        assert!((0..n).all(|i| (0..d).all(|j| there[(i, j)] == a[(i, j)])));
        assert_eq!(Mat::from(&there), a);
        assert_eq!(Mat::from(there.as_ref().transpose()), a.transpose());
        assert_eq!(Mat::from(faer::Mat::<f64>::from(view)), view.to_owned());
        assert_eq!(Mat::from(faer::Mat::<f64>::from(a.clone())), a);
    }
}
