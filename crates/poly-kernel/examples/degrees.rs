//! Certified relative errors of polynomials near the exponential, by degree and largest logit.
//!
//! ```text
//! cargo run --release -p poly-kernel --example degrees
//! ```

use poly_kernel::{Error, ExpPolynomial, LogitRange};

fn main() -> Result<(), Error> {
    println!("certified relative error over |t| ≤ B; least squares: for N(0, (B/2)²)");
    println!("   B  degree      Taylor   Chebyshev        best  least squares");
    for max_logit in [0.5, 1.0, 2.0, 4.0] {
        let range = LogitRange::symmetric(max_logit)?;
        for degree in 1..=9 {
            let errors = [
                ExpPolynomial::taylor(degree)?,
                ExpPolynomial::chebyshev(degree, range)?,
                ExpPolynomial::best_relative(degree, range)?,
                ExpPolynomial::least_squares_normal(degree, 0.0, 0.5 * max_logit)?,
            ]
            .map(|polynomial| polynomial.certificate(range).relative_error());
            let [taylor, chebyshev, best, normal] = errors;
            println!(
                "{max_logit:4}  {degree:6}  {taylor:10.2e}  {chebyshev:10.2e}  {best:10.2e}  {normal:13.2e}"
            );
        }
    }
    println!("root mean square error of least squares for N(0, 1), degrees 1 to 9:");
    let errors: Vec<String> =
        (1..=9).map(|degree| format!("{:.1e}", ExpPolynomial::normal_error(degree, 1.0))).collect();
    println!("{}", errors.join("  "));
    Ok(())
}
