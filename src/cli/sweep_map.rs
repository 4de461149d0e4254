//! The groups of every combination of a sweep side by side, as an SVG picture. Pure: makes text of numbers.

use std::fmt::Write;

use crate::jobs::{HeadMap, SweepRow};

/// Side of one combination's picture, pixels.
const SIDE: f64 = 240.0;
/// Around it.
const MARGIN: f64 = 14.0;
/// For its heading.
const HEADING: f64 = 34.0;
/// Pictures in a row at most.
const MOST_IN_A_ROW: usize = 4;
/// Ten colours that people with any colour vision tell apart as well as ten can be (after Okabe and Ito, 2008, with shades).
const COLOURS: [&str; 10] = [
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#6a51a3", "#8c6d31", "#444444",
    "#a6a600",
];

/// One picture a combination, in order; as many in a row as the last parameter has values, four at most.
pub(super) fn svg(rows: &[SweepRow]) -> String {
    let n_columns = columns(rows);
    let n_lines = rows.len().div_ceil(n_columns);
    let (cell, height) = (SIDE + 2.0 * MARGIN, SIDE + HEADING + MARGIN);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        cell * n_columns as f64,
        height * n_lines as f64 + MARGIN,
    );
    for (number, row) in rows.iter().enumerate() {
        let x = (number % n_columns) as f64 * cell + MARGIN;
        let y = (number / n_columns) as f64 * height + MARGIN;
        let values: Vec<String> = row.values.iter().map(|(name, value)| format!("{name} {value}")).collect();
        let heading = escaped(&values.join(", "));
        // Writing to a string cannot fail.
        let _ =
            writeln!(text, "<text x=\"{x:.0}\" y=\"{:.0}\" font-weight=\"bold\">{heading}</text>", y + 10.0);
        match &row.map {
            Some(map) => draw(&mut text, map, row.mean_f1, (x, y)),
            None => {
                let _ = writeln!(text, "<text x=\"{x:.0}\" y=\"{:.0}\">not drawn</text>", y + 26.0);
            }
        }
    }
    text.push_str("</svg>\n");
    text
}

/// Values of the parameter that changes fastest.
fn columns(rows: &[SweepRow]) -> usize {
    let last = |row: &SweepRow| row.values.last().map(|(_, value)| value.clone());
    let first = rows.first().and_then(last);
    let again = rows.iter().skip(1).position(|row| last(row) == first);
    again.map_or(rows.len(), |at| at + 1).clamp(1, MOST_IN_A_ROW)
}

fn draw(text: &mut String, map: &HeadMap, mean_f1: f64, (x, y): (f64, f64)) {
    let caption = format!("row F1 {mean_f1:.3}; nearest of its own group {:.0} %", map.kept * 100.0);
    let _ = writeln!(text, "<text x=\"{x:.0}\" y=\"{:.0}\" fill=\"#555\">{caption}</text>", y + 26.0);
    let top = y + HEADING;
    let _ = writeln!(
        text,
        "<rect x=\"{x:.0}\" y=\"{top:.0}\" width=\"{SIDE}\" height=\"{SIDE}\" fill=\"none\" stroke=\"#bbb\"/>"
    );
    let range = |axis: usize| {
        let values = map.places.iter().map(|place| place[axis]);
        let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), it| (low.min(it), high.max(it)));
        (low, (high - low).max(f64::MIN_POSITIVE))
    };
    let (across, down) = (range(0), range(1));
    for (place, &group) in map.places.iter().zip(&map.groups) {
        let at = |value: f64, (low, length): (f64, f64)| 8.0 + (value - low) / length * (SIDE - 16.0);
        let (cx, cy) = (x + at(place[0], across), top + at(place[1], down));
        mark(text, group, cx, cy);
    }
}

/// The sign of a group: colour, and shape, so that colour is not the only sign.
fn mark(text: &mut String, group: usize, x: f64, y: f64) {
    let colour = COLOURS[group % COLOURS.len()];
    let _ = match group % 3 {
        0 => writeln!(text, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\"/>"),
        1 => writeln!(
            text,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"7\" height=\"7\" fill=\"{colour}\"/>",
            x - 3.5,
            y - 3.5
        ),
        _ => writeln!(text, "<path d=\"M{x:.1} {:.1} l4.5 8 h-9 z\" fill=\"{colour}\"/>", y - 4.5),
    };
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::{columns, svg};
    use crate::jobs::{HeadMap, SweepRow};
    use crate::train::PairReport;

    fn row(margin: &str, negatives: &str, map: Option<HeadMap>) -> SweepRow {
        let value = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        SweepRow {
            values: vec![value("margin", margin), value("num_neg", negatives)],
            encoders: Vec::new(),
            epochs: 1,
            best_epoch: 1,
            training_loss: None,
            pairs: PairReport::default(),
            mean_f1: 0.5,
            precision: 0.5,
            recall: 0.5,
            threshold: 0.5,
            map,
            notes: Vec::new(),
        }
    }

    #[test]
    fn the_fastest_parameter_runs_across() {
        let rows = [row("0", "1", None), row("0", "5", None), row("0.5", "1", None), row("0.5", "5", None)];
        assert_eq!(columns(&rows), 2);
        assert_eq!(columns(&rows[..1]), 1);
        assert_eq!(columns(&[]), 1);
    }

    #[test]
    fn every_posting_has_its_mark_and_every_combination_its_heading() {
        let map = HeadMap {
            groups: vec![0, 0, 1, 2],
            places: vec![[0.0, 0.0], [1.0, 2.0], [3.0, 1.0], [2.0, 2.0]],
            kept: 0.75,
        };
        let text = svg(&[row("0", "<5", Some(map)), row("0.5", "1", None)]);
        assert_eq!(text.matches("<circle").count(), 2);
        assert_eq!(text.matches("<path").count(), 1);
        assert!(
            text.contains("margin 0, num_neg &lt;5") && text.contains("75 %") && text.contains("not drawn")
        );
        assert!(text.ends_with("</svg>\n") && !text.contains("NaN"));
    }
}
