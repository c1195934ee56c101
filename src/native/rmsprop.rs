//! RMSprop (Tieleman and Hinton, 2012) in one pass over memory, with the formulas of Keras; see
//! `rmsprop.cpp`.

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
        learning_rate: *const C_tensor,
        rho: f64,
        epsilon: f64,
        epsilon_inside_root: bool,
    ) -> *mut c_char;
}

/// The hyperparameters of an update.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// ρ, the decay of the mean square.
    pub rho: f64,
    /// ε.
    pub epsilon: f64,
    /// Where ε is added.
    pub epsilon_place: EpsilonPlace,
}

/// Updates `masters` and `mean_squares` (f32) in place with the gradients of `leaves`. Leaf i is
/// either master i itself or its copy in bf16, which is updated too. A parameter whose leaf has no
/// gradient is left unchanged. `learning_rate`, η, is a scalar (f32) on their device.
///
/// # Errors
/// If the lengths of the slices or the shapes of the tensors differ.
pub fn step(
    masters: &[Tensor],
    mean_squares: &[Tensor],
    leaves: &[Tensor],
    learning_rate: &Tensor,
    settings: Settings,
) -> Result<()> {
    ensure!(
        masters.len() == mean_squares.len() && masters.len() == leaves.len(),
        "expected {} mean squares and leaves, one per parameter, found {} and {}",
        masters.len(),
        mean_squares.len(),
        leaves.len()
    );
    let Settings { rho, epsilon, epsilon_place } = settings;
    // SAFETY: each array has `count` pointers to tensors that outlive the call, as the rate does.
    check(unsafe {
        petite_rmsprop_step(
            pointers(masters).as_ptr(),
            pointers(mean_squares).as_ptr(),
            pointers(leaves).as_ptr(),
            masters.len(),
            learning_rate.as_ptr(),
            rho,
            epsilon,
            epsilon_place == EpsilonPlace::InsideRoot,
        )
    })
    .context("cannot update the weights")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::native::backend::forget_gradients;
    use tch::{Device, Kind};

    const LEARNING_RATE: f64 = 1e-2;

    fn settings(epsilon_place: EpsilonPlace) -> Settings {
        Settings { rho: 0.9, epsilon: 1e-3, epsilon_place }
    }

    /// [`super::step`] at [`LEARNING_RATE`].
    fn step(
        masters: &[Tensor],
        mean_squares: &[Tensor],
        leaves: &[Tensor],
        settings: Settings,
    ) -> Result<()> {
        super::step(masters, mean_squares, leaves, &Tensor::from(LEARNING_RATE as f32), settings)
    }

    /// The update in separate libtorch operations.
    fn reference(parameter: &Tensor, mean: &Tensor, gradient: &Tensor, settings: Settings) {
        let Settings { rho, epsilon, epsilon_place } = settings;
        let (mut parameter, mut mean) = (parameter.shallow_clone(), mean.shallow_clone());
        let square = gradient.square() * (1.0 - rho);
        let mean = mean.g_mul_scalar_(rho).g_add_(&square);
        let divisor = match epsilon_place {
            EpsilonPlace::OutsideRoot => mean.sqrt() + epsilon,
            EpsilonPlace::InsideRoot => (mean + epsilon).sqrt(),
        };
        let _ = parameter.addcdiv_(&(gradient * -LEARNING_RATE), &divisor);
    }

    fn values(count: i64, salt: i64) -> Tensor {
        let value = |i: i64| ((i * 7919 + salt * 104_729) % 1999) as f32 / 1000.0 - 1.0;
        Tensor::from_slice(&(0..count).map(value).collect::<Vec<_>>())
    }

    /// The kernel's square root is correctly rounded; libtorch's may differ in the last bit or so.
    fn assert_near(found: &Tensor, expected: &Tensor) {
        let largest = (found.detach() - expected).abs().max().double_value(&[]);
        assert!(largest <= 1.2e-7, "{largest:e}");
    }

    fn set_gradient(leaf: &Tensor, gradient: &Tensor) {
        (leaf * gradient).sum(Kind::Float).backward();
    }

    #[test]
    fn one_pass_matches_libtorch() {
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

    /// Tensors the kernel does not support, here because of different strides, use libtorch's
    /// operations on lists.
    #[test]
    fn lists_match_up_to_rounding() {
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
    fn a_leaf_without_a_gradient_is_unchanged() {
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
