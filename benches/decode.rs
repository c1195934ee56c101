//! JPEG files as pixels, on one thread.

mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use petite::pictures::decode::decode;
use petite::pictures::orientation::ExifOrientation;
use petite::pictures::picture::ColorMode;
use support::{DataSet, short};

fn decoding(criterion: &mut Criterion) {
    let data = DataSet::new();
    let files: Vec<Vec<u8>> = data
        .split("validation")
        .samples
        .iter()
        .map(|sample| std::fs::read(&sample.path).unwrap())
        .collect();
    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Elements(files.len() as u64));
    for (name, color_mode) in [("rgb", ColorMode::Rgb), ("grayscale", ColorMode::Grayscale)] {
        group.bench_function(name, |bench| {
            bench.iter(|| {
                for file in &files {
                    std::hint::black_box(decode(file, color_mode, ExifOrientation::Apply).unwrap());
                }
            });
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = short(); targets = decoding }
criterion_main!(benches);
