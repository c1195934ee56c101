//! RMSprop's update of all parameters in one pass over memory: a ← ρ a + (1 − ρ) g²,
//! p ← p − η g / (√a + ε) (Tieleman and Hinton, 2012, lecture 6.5 of "Neural Networks for Machine
//! Learning"). Parameters and means of squares are f32, gradients f32 or bf16.

use super::{check, pointers};
use crate::keras::EpsilonPlace;
use anyhow::{Context, Result, ensure};
use std::ffi::c_char;
use tch::Tensor;
use torch_sys::C_tensor;

unsafe extern "C" {
    fn petite_rmsprop_step(
        masters: *const *const C_tensor,
        mean_squares: *const *const C_tensor,
        leaves: *const *const C_tensor,
        count: usize,
        learning_rate: f64,
        rho: f64,
        epsilon: f64,
        epsilon_inside_root: bool,
    ) -> *mut c_char;
    fn petite_forget_gradients(leaves: *const *const C_tensor, count: usize) -> *mut c_char;
}

/// The numbers of an update.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// η.
    pub learning_rate: f64,
    /// ρ.
    pub rho: f64,
    /// ε.
    pub epsilon: f64,
    /// Beside the root or under it.
    pub epsilon_place: EpsilonPlace,
}

/// Updates `masters` (f32) and `mean_squares` by the gradients of `leaves`, and the leaves that are
/// copies in bf16 with them. The three are of the same length, in one order. A leaf without a gradient
/// stays.
///
/// # Errors
/// If their numbers or shapes differ.
pub fn step(
    masters: &[Tensor],
    mean_squares: &[Tensor],
    leaves: &[Tensor],
    settings: Settings,
) -> Result<()> {
    ensure!(
        masters.len() == mean_squares.len() && masters.len() == leaves.len(),
        "expected as many means and leaves as the {} parameters, found {} and {}",
        masters.len(),
        mean_squares.len(),
        leaves.len()
    );
    let Settings { learning_rate, rho, epsilon, epsilon_place } = settings;
    // SAFETY: each array has `count` pointers to tensors that live until the call returns.
    check(unsafe {
        petite_rmsprop_step(
            pointers(masters).as_ptr(),
            pointers(mean_squares).as_ptr(),
            pointers(leaves).as_ptr(),
            masters.len(),
            learning_rate,
            rho,
            epsilon,
            epsilon_place == EpsilonPlace::InsideRoot,
        )
    })
    .context("cannot update the weights")
}

/// Drops the gradients of `leaves`.
///
/// # Errors
/// If libtorch refuses.
pub fn forget_gradients(leaves: &[Tensor]) -> Result<()> {
    // SAFETY: as in `step`.
    check(unsafe { petite_forget_gradients(pointers(leaves).as_ptr(), leaves.len()) })
        .context("cannot drop gradients")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Device, Kind};

    fn settings(epsilon_place: EpsilonPlace) -> Settings {
        Settings { learning_rate: 1e-2, rho: 0.9, epsilon: 1e-3, epsilon_place }
    }

    /// libtorch's operations, one by one.
    fn reference(parameter: &Tensor, mean: &Tensor, gradient: &Tensor, settings: Settings) {
        let Settings { learning_rate, rho, epsilon, epsilon_place } = settings;
        let (mut parameter, mut mean) = (parameter.shallow_clone(), mean.shallow_clone());
        let square = gradient.square() * (1.0 - rho);
        let mean = mean.g_mul_scalar_(rho).g_add_(&square);
        let divisor = match epsilon_place {
            EpsilonPlace::OutsideRoot => mean.sqrt() + epsilon,
            EpsilonPlace::InsideRoot => (mean + epsilon).sqrt(),
        };
        let _ = parameter.addcdiv_(&(gradient * -learning_rate), &divisor);
    }

    fn values(count: i64, salt: i64) -> Tensor {
        let value = |i: i64| ((i * 7919 + salt * 104_729) % 1999) as f32 / 1000.0 - 1.0;
        Tensor::from_slice(&(0..count).map(value).collect::<Vec<_>>())
    }

    /// The kernel's root is rounded correctly, libtorch's to a last place or so.
    fn assert_near(found: &Tensor, expected: &Tensor) {
        let largest = (found.detach() - expected).abs().max().double_value(&[]);
        assert!(largest <= 1.2e-7, "{largest:e}");
    }

    fn set_gradient(leaf: &Tensor, gradient: &Tensor) {
        (leaf * gradient).sum(Kind::Float).backward();
    }

    #[test]
    fn one_pass_is_libtorch_s_operations() {
        for place in [EpsilonPlace::OutsideRoot, EpsilonPlace::InsideRoot] {
            let parameter = values(40_001, 1).set_requires_grad(true);
            let mean = values(40_001, 2).square();
            let gradient = values(40_001, 3);
            let expected = (parameter.detach().copy(), mean.copy());
            tch::no_grad(|| reference(&expected.0, &expected.1, &gradient, settings(place)));

            set_gradient(&parameter, &gradient);
            let leaf = parameter.shallow_clone();
            step(&[parameter.shallow_clone()], &[mean.shallow_clone()], &[leaf], settings(place))
                .unwrap();
            assert_eq!(mean, expected.1);
            assert_near(&parameter, &expected.0);
        }
    }

    #[test]
    fn a_copy_in_bf16_follows_its_parameter() {
        let place = EpsilonPlace::OutsideRoot;
        let parameter = values(1000, 1);
        let mean = Tensor::zeros([1000], (Kind::Float, Device::Cpu));
        let leaf = parameter.to_kind(Kind::BFloat16).set_requires_grad(true);
        let gradient = values(1000, 3).to_kind(Kind::BFloat16);
        let expected = (parameter.copy(), mean.copy());
        reference(&expected.0, &expected.1, &gradient.to_kind(Kind::Float), settings(place));

        set_gradient(&leaf, &gradient);
        let one = |tensor: &Tensor| [tensor.shallow_clone()];
        step(&one(&parameter), &one(&mean), &one(&leaf), settings(place)).unwrap();
        assert_eq!(mean, expected.1);
        assert_near(&parameter, &expected.0);
        assert_eq!(leaf.detach(), parameter.to_kind(Kind::BFloat16));
    }

    /// What the kernel cannot read, here another order in memory, goes by operations on lists.
    #[test]
    fn lists_give_the_same_but_for_rounding() {
        let place = EpsilonPlace::InsideRoot;
        let parameter = values(600, 1).reshape([20, 30]).set_requires_grad(true);
        let mean = values(600, 2).square().reshape([30, 20]).tr();
        let gradient = values(600, 3).reshape([20, 30]);
        let expected = (parameter.detach().copy(), mean.copy());
        tch::no_grad(|| reference(&expected.0, &expected.1, &gradient, settings(place)));

        set_gradient(&parameter, &gradient);
        let one = |tensor: &Tensor| [tensor.shallow_clone()];
        step(&one(&parameter), &one(&mean), &one(&parameter), settings(place)).unwrap();
        assert_near(&parameter, &expected.0);
        assert_near(&mean, &expected.1);
    }

    #[test]
    fn forgotten_gradients_are_gone_and_a_leaf_without_one_stays() {
        let parameter = values(10, 1).set_requires_grad(true);
        let before = parameter.detach().copy();
        set_gradient(&parameter, &values(10, 3));
        let one = |tensor: &Tensor| [tensor.shallow_clone()];
        forget_gradients(&one(&parameter)).unwrap();
        assert!(!parameter.grad().defined());
        let mean = Tensor::zeros([10], (Kind::Float, Device::Cpu));
        let place = settings(EpsilonPlace::OutsideRoot);
        step(&one(&parameter), &one(&mean), &one(&parameter), place).unwrap();
        assert_eq!(parameter.detach(), before);
        assert!(step(&one(&parameter), &[], &one(&parameter), place).is_err());
    }
}
