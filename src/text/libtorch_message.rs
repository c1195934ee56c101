//! libtorch's messages, which go on after their first sentence.

/// Beginnings of the lines that libtorch adds to its messages for its own developers.
const FOR_DEVELOPERS: [&str; 7] = [
    "Exception raised from ",
    "frame #",
    "C++ CapturedTraceback",
    "#",
    "CUDA kernel errors might be",
    "For debugging consider passing",
    "Compile with `TORCH_USE_CUDA_DSA`",
];

/// `text` without the C++ frames and other lines that libtorch adds to its messages.
pub fn without_frames(text: &str) -> String {
    let mut plain = String::new();
    let mut is_libtorchs = false;
    for line in text.split_inclusive('\n') {
        // A line that begins with # may be anything, unless it is among frames.
        let is_noise =
            |known: &str| line.trim_start().starts_with(known) && (is_libtorchs || known != "#");
        if FOR_DEVELOPERS.into_iter().any(is_noise) {
            is_libtorchs = true;
            plain.truncate(plain.trim_end().len());
        } else {
            plain.push_str(line);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An error of libtorch's own, and texts as it writes them elsewhere.
    #[test]
    fn frames_of_libtorch_reach_no_one() {
        let cause = tch::Tensor::from_slice(&[1.0f32, 2.0]).f_reshape([3]).unwrap_err();
        assert!(cause.to_string().contains("Exception raised from"), "{cause}");
        let error = crate::Error::from(anyhow::Error::new(cause).context("cannot evaluate"));
        let text = error.to_string();
        assert!(text.starts_with("cannot evaluate: "), "{text}");
        assert!(text.ends_with("shape '[3]' is invalid for input of size 2"), "{text}");

        let traced =
            "m\nException raised from f at a.cpp:1:\nC++ CapturedTraceback:\n#4 f from a.cpp:1\n";
        assert_eq!(without_frames(&format!("({traced}); try X")), "(m); try X");
        let cuda = "CUDA error: invalid argument\nCUDA kernel errors might be reported later.\nFor debugging consider passing CUDA_LAUNCH_BLOCKING=1\nCompile with `TORCH_USE_CUDA_DSA` to enable.\n";
        assert_eq!(without_frames(cuda), "CUDA error: invalid argument");
        assert_eq!(without_frames("2 files:\n#a.jpg\n b"), "2 files:\n#a.jpg\n b");
    }
}
