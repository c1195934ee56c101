//! Charts inside the page, with their values, of which its script shows those under the pointer.

use crate::report::chart::Chart;
use crate::report::svg;

/// Width and height in SVG units, which are pixels on a phone, and the size of text.
const SIZE: (f32, f32) = (420.0, 284.0);
const FONT: f32 = 12.0;

/// A chart as markup. Names in it are escaped.
#[derive(Debug)]
pub struct PageChart {
    /// SVG, and the values as JSON in a script element.
    pub markup: String,
    /// The legend: symbols as SVG, and names.
    pub legend: Vec<(String, String)>,
}

impl PageChart {
    /// Draws `chart`, whose series are values of the epochs from 1 on.
    pub fn new(chart: &Chart) -> Self {
        let plot = chart.plot((0.0, 0.0), SIZE, FONT);
        let (title, (width, height)) = (svg::escaped(&chart.title), SIZE);
        let attributes =
            format!("viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\"");
        let cursor = "<path class=\"cursor\" d=\"\"/>";
        let svg = svg::element(&attributes, cursor, &chart.shapes(&plot, FONT));
        let value = |&(_, value): &(f64, f64)| Some(value).filter(|value| value.is_finite());
        let series = chart.series.iter().map(|series| {
            let values: Vec<Option<f64>> = series.points.iter().map(value).collect();
            serde_json::json!({"name": series.name, "values": values})
        });
        let epochs =
            chart.series.iter().map(|series| series.points.len()).max().unwrap_or(1).max(1);
        let [first, last] = [1, epochs.max(2)].map(|epoch| chart.across(epoch as f64, &plot));
        let data = serde_json::json!({
            "epochs": epochs,
            "plot": [first, plot.top, last, plot.bottom],
            "series": series.collect::<Vec<_>>(),
        });
        // A name must not end the script element.
        let data = data.to_string().replace('<', "\\u003c");
        let symbol = "class=\"key\" aria-hidden=\"true\" viewBox=\"0 0 24 12\"";
        let legend = chart.series.iter().map(|series| {
            (svg::element(symbol, "", &series.symbol((0.0, 6.0), FONT)), series.name.clone())
        });
        Self {
            markup: format!("{svg}<script type=\"application/json\">{data}</script>"),
            legend: legend.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Epoch;
    use crate::report::chart::{Mark, Quantity, Series};
    use crate::report::colors::BLUE;

    #[test]
    fn what_is_not_finite_is_null_and_names_are_escaped() {
        let rows = [0.7, f64::NAN, 0.5].map(|val_loss| Epoch::new(1, 0.5, 0.9, val_loss, 0.8));
        let series = Series::new("</script><b>", Mark::Line(2.0), BLUE, &rows, |row| row.val_loss);
        let chart = PageChart::new(&Quantity::Loss.chart("a \"b\"", vec![series]));
        assert_eq!(chart.markup.matches("</script>").count(), 1);
        assert!(chart.markup.contains("[0.7,null,0.5]") && chart.markup.contains("a &#34;b&#34;"));
        assert!(!chart.markup.contains("NaN") && !chart.markup.contains("inf"));
        assert_eq!(chart.legend[0].1, "</script><b>");
    }
}
