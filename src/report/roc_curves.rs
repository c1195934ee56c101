//! Drawing of ROC curves.

use super::axis::Axis;
use super::chart::{Chart, Mark, Series, side_by_side};
use super::colors::{GRAY, SERIES, of_series};
use super::text;
use crate::metrics::roc::Roc;
use anyhow::Result;
use std::path::Path;

/// Number of classes up to which each has its curve; of more, as many as [`WORST`] have.
const NAMED: usize = SERIES.len();
const WORST: usize = 6;
/// Side of the plot, in pixels.
const SIDE: u32 = 640;

/// The curve of a class.
#[derive(Debug)]
pub struct Curve {
    /// Name of the class in the legend.
    pub name: String,
    /// Number of its pictures.
    pub pictures: usize,
    /// Its curve.
    pub roc: Roc,
}

/// Writes the curves to the PNG `path`. Of more than ten classes, it has the mean curves of the classes
/// and of the pictures, and those of the classes with the smallest areas.
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, classes: &[Curve]) -> Result<()> {
    let (title, curves) = chosen(classes);
    let line = |(index, (name, points, auc)): (usize, Drawn)| Series {
        name: format!("{name}, AUC {auc:.4}"),
        mark: Mark::Line(2.0),
        color: of_series(index),
        points,
    };
    let mut series: Vec<Series> = curves.into_iter().enumerate().map(line).collect();
    let (mark, points) = (Mark::Line(1.0), vec![(0.0, 0.0), (1.0, 1.0)]);
    series.push(Series { name: String::new(), mark, color: GRAY, points });
    let axis = |of: &str| {
        let name = format!("Share of {of} above the threshold");
        Axis { name, ..Axis::of_values([0.0, 1.0].into_iter(), true) }
    };
    let chart = Chart { title, x: axis("other pictures"), y: axis("the class"), series };
    side_by_side(&[chart], (SIDE, SIDE)).write_png(path)
}

/// What is drawn: name, points and area.
type Drawn = (String, Vec<(f64, f64)>, f64);

/// A title, and the curves to draw.
fn chosen(classes: &[Curve]) -> (String, Vec<Drawn>) {
    let drawn = |curve: &Curve| (curve.name.clone(), curve.roc.points.clone(), curve.roc.auc());
    if classes.len() <= NAMED {
        let title = "ROC, each class against the rest".to_owned();
        return (title, classes.iter().map(drawn).collect());
    }
    let weighted = |weight: &dyn Fn(&Curve) -> f64| {
        let all: f64 = classes.iter().map(weight).sum();
        let mean = |value: &dyn Fn(&Curve) -> f64| {
            classes.iter().map(|curve| weight(curve) * value(curve)).sum::<f64>() / all
        };
        let points = (0..=SIDE).map(|step| {
            let x = f64::from(step) / f64::from(SIDE);
            (x, mean(&|curve| curve.roc.at(x)))
        });
        ([(0.0, 0.0)].into_iter().chain(points).collect(), mean(&|curve| curve.roc.auc()))
    };
    let (of_classes, of_pictures) = (weighted(&|_| 1.0), weighted(&|curve| curve.pictures as f64));
    let mut curves = vec![
        (format!("mean of {} classes", classes.len()), of_classes.0, of_classes.1),
        ("mean of pictures".to_owned(), of_pictures.0, of_pictures.1),
    ];
    let mut worst: Vec<_> = classes.iter().map(|curve| (curve, curve.roc.auc())).collect();
    worst.sort_by(|(_, a), (_, b)| a.total_cmp(b));
    curves.extend(worst.into_iter().take(WORST).map(|(curve, _)| drawn(curve)));
    (format!("ROC, each class against the rest: means and the {WORST} worst"), curves)
}

/// The curves of the classes that have one, of `scored`.
pub fn of_classes(scored: &crate::metrics::scored::Scored) -> Vec<Curve> {
    let pictures = scored.confusion().pictures();
    // The second class of two: the first one's curve is its mirror image.
    let labels = if scored.classes.len() == 2 { 1..2 } else { 0..scored.classes.len() };
    let curve = |label: usize| {
        let name = text::name(&scored.classes[label], label);
        Some(Curve { name, pictures: pictures[label], roc: Roc::of_class(scored, label)? })
    };
    labels.filter_map(curve).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_classes_are_their_means_and_the_worst() {
        // Each rises to 1 at its own share of the others.
        let curve = |class: usize| Curve {
            name: format!("class {class}"),
            pictures: class,
            roc: Roc { points: vec![(0.0, 0.0), (class as f64 / 100.0, 1.0), (1.0, 1.0)] },
        };
        let few: Vec<Curve> = (1..=NAMED).map(curve).collect();
        assert_eq!(chosen(&few).1.len(), NAMED);
        let many: Vec<Curve> = (1..=40).map(curve).collect();
        let (_, curves) = chosen(&many);
        let names: Vec<&str> = curves.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(names[..4], ["mean of 40 classes", "mean of pictures", "class 40", "class 39"]);
        assert_eq!(names.len(), 2 + WORST);
        // 1 - class / 200 each: the mean of 1 to 40 is 20.5, weighted by itself 27.
        assert!((curves[0].2 - (1.0 - 20.5 / 200.0)).abs() < 1e-9, "{}", curves[0].2);
        assert!((curves[1].2 - (1.0 - 27.0 / 200.0)).abs() < 1e-9, "{}", curves[1].2);
        // The area under the drawn mean is the mean of the areas.
        let drawn = Roc { points: curves[0].1.clone() };
        assert!((drawn.auc() - curves[0].2).abs() < 1e-3, "{}", drawn.auc());
    }
}
