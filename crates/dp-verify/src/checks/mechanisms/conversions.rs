//! Views of a guarantee never promise more than the guarantee.

use super::reference::{self, compare};
use super::{delta, epsilon, none_fails};
use crate::{Context, Outcome, Subject};
use dp_mechanisms::{AddRemoveRow, Mu, PrivacyProfile, RenyiOrder, Rho};
use rand::RngExt;

type Profile = PrivacyProfile<AddRemoveRow>;

/// Each view against 60 digits or exact integers. In the twin the zero-concentrated view of a Gaussian is `μ²/4`.
pub(super) fn sound(context: &mut Context, subject: Subject) -> Outcome {
    let view = |profile: &Profile| {
        let rho = profile.zero_concentrated().map(|rho| Rho::new(subject.pick(rho.get(), rho.get() / 2.0)));
        rho.and_then(Result::ok)
    };
    Outcome::worst([
        deltas(view).with_note("δ of Gaussian and pure guarantees, also through ρ"),
        epsilons(view).with_note("ε of Gaussian guarantees, also through ρ"),
        zero_concentrated().with_note("δ of zero-concentrated guarantees"),
        approximate().with_note("δ of approximate guarantees"),
        renyi(context, view).with_note("Rényi"),
        halved_squares(view).with_note("ρ at the end of the range of f64"),
    ])
}

fn gaussian(mu: f64) -> Profile {
    PrivacyProfile::gaussian(Mu::new(mu).expect("references have μ > 0"), AddRemoveRow)
}

fn pure(value: f64) -> Profile {
    PrivacyProfile::pure(epsilon(value), AddRemoveRow)
}

fn concentrated(rho: Rho) -> Profile {
    PrivacyProfile::zero_concentrated_from(rho, AddRemoveRow)
}

/// The Gaussian profile is attained, and randomised response attains the pure one: no view may be below either.
fn deltas(view: impl Fn(&Profile) -> Option<Rho>) -> Outcome {
    let gaussians = reference::values("delta").into_iter().map(|([e, mu], exact)| (gaussian(mu), e, exact));
    let pures = reference::values("pure").into_iter().map(|([claimed, e], exact)| (pure(claimed), e, exact));
    none_fails(gaussians.chain(pures), |(profile, e, exact)| {
        let seen = view(&profile).map(|rho| concentrated(rho).delta(e));
        compare(profile.delta(e), exact).is_ge() && seen.is_none_or(|seen| compare(seen, exact).is_ge())
    })
}

fn epsilons(view: impl Fn(&Profile) -> Option<Rho>) -> Outcome {
    none_fails(reference::values("epsilon"), |([mu, d], exact)| {
        let seen = view(&gaussian(mu)).map(|rho| concentrated(rho).epsilon(delta(d)));
        compare(gaussian(mu).epsilon(delta(d)), exact).is_ge()
            && seen.is_none_or(|seen| compare(seen, exact).is_ge())
    })
}

/// Never below the infimum over orders, the least that Proposition 12 justifies.
fn zero_concentrated() -> Outcome {
    none_fails(reference::values("zcdp"), |([rho, e], exact)| {
        let rho = Rho::new(rho).expect("references have ρ > 0");
        compare(concentrated(rho).delta(e), exact).is_ge()
    })
}

/// `δ₀ + (1 − δ₀)·δ_pure(ε)` is attained by releasing everything with probability `δ₀` and randomised response else.
fn approximate() -> Outcome {
    none_fails(reference::values("pure"), |([claimed, e], exact)| {
        let released = 2_f64.powi(-20);
        let inside = reference::number::<f64>(exact).next_down();
        // each operation rounded down: 1 − 2⁻²⁰ is exact
        let attained = ((inside * (1.0 - released)).next_down() + released).next_down();
        PrivacyProfile::approximate(epsilon(claimed), delta(released), AddRemoveRow).delta(e) >= attained
    })
}

/// `D_α ≥ αμ²/2` is attained. With `μ = a·2⁻³⁰` and `α = c·2⁻³⁰` both sides are integers in units of `2⁻⁹¹`.
fn renyi(context: &mut Context, view: impl Fn(&Profile) -> Option<Rho>) -> Outcome {
    let mut rng = context.rng(0);
    let unit = 2_f64.powi(-30);
    let cases = (0..context.scale(20_000, 1_000_000))
        .map(|_| (rng.random_range(1_u64 << 25..1 << 40), rng.random_range((1_u64 << 30) + 1..1 << 40)));
    none_fails(cases, |(a, c)| {
        let order = RenyiOrder::new(c as f64 * unit).expect("α > 1");
        let direct = gaussian(a as f64 * unit).renyi(order);
        let seen = view(&gaussian(a as f64 * unit)).and_then(|rho| concentrated(rho).renyi(order));
        let exact = u128::from(a).pow(2) * u128::from(c);
        direct.into_iter().chain(seen).all(|found| scaled(found, 91) >= exact)
    })
}

/// `⌊x·2^exponent⌋`, for a normal `x`.
fn scaled(x: f64, exponent: i32) -> u128 {
    let bits = x.to_bits();
    let mantissa = u128::from(bits & ((1 << 52) - 1) | 1 << 52);
    let shift = (bits >> 52) as i32 - 1075 + exponent;
    if shift >= 0 { mantissa << shift } else { mantissa >> -shift }
}

/// `2ρ ≥ μ²` and `2ρ ≥ ε²` also where ρ is subnormal, as integers in units of `2⁻¹¹²⁰`.
fn halved_squares(view: impl Fn(&Profile) -> Option<Rho>) -> Outcome {
    let unit = 2_f64.powi(-560);
    let enough = |rho: Rho, a: u64| u128::from(rho.get().to_bits()) << 47 >= u128::from(a).pow(2);
    none_fails((1 << 22..1_u64 << 28).step_by((1 << 15) + 7), |a| {
        let views = [view(&gaussian(a as f64 * unit)), view(&pure(a as f64 * unit))];
        views.into_iter().flatten().all(|rho| enough(rho, a))
    })
}
