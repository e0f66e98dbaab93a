//! The Rules screen: which table is asked for which packets, in order.

use netdiag_core::model::Rule;
use ratatui::buffer::Buffer;
use ratatui::style::Style;

use super::detail::{Detail, gone_when, marked};
use super::frame::Plan;
use super::{Column, GAP, columns, row, text, titles};
use crate::text::words::count;
use crate::tui::app::{App, Data};
use crate::tui::rows::RuleRow;
use crate::tui::theme::Mark;
use crate::tui::words;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Id {
    Family,
    Priority,
    Rule,
    Purpose,
}

const ALL: [Column<Id>; 4] = [
    Column { id: Id::Family, title: "", width: 4 },
    Column { id: Id::Priority, title: "Priority", width: 8 },
    Column { id: Id::Rule, title: "Rule", width: 24 },
    Column { id: Id::Purpose, title: "Leads to", width: 23 },
];
/// On a narrow terminal.
const SHORT: [Column<Id>; 3] = [
    Column { id: Id::Family, title: "", width: 2 },
    Column { id: Id::Priority, title: "", width: 5 },
    Column { id: Id::Rule, title: "", width: 20 },
];
const LEAVING: [Id; 1] = [Id::Purpose];
const GREEDY: [(Id, usize); 2] = [(Id::Rule, 60), (Id::Purpose, 40)];

/// Draws the list.
pub(crate) fn draw(buffer: &mut Buffer, app: &App, plan: &Plan) {
    let Some(data) = app.data() else { return };
    let mut columns =
        columns(if plan.compact { &SHORT } else { &ALL }, &LEAVING, &GREEDY, usize::from(app.size.0));
    if let [.., last] = columns.as_mut_slice() {
        last.width = usize::MAX;
    }
    titles(buffer, app, plan, &columns);
    let cursor = app.cursor();
    let (top, height) = plan.list;
    for ((at, rule_row), y) in app.rules.iter().enumerate().skip(cursor.offset).zip(top..top + height) {
        let Some(rule) = rule_row.rule(&data.snapshot, app.marks()) else { continue };
        let mark = mark(app, rule_row);
        let style = mark.map_or_else(Style::new, |mark| app.theme.mark(mark));
        let mut line = row(buffer, app, y, at == cursor.selected, mark);
        for column in &columns {
            let text = match column.id {
                Id::Family if plan.compact => format!("v{}", rule.family.number()),
                Id::Family => rule.family.to_string(),
                Id::Priority => format!("{:>width$}", rule.priority, width = column.width),
                Id::Rule => rule.to_string(),
                Id::Purpose => words::rule_purpose(rule, &data.snapshot),
            };
            line.cell(&text, column.width, style).skip(GAP);
        }
        if at == cursor.selected {
            text::restyle(buffer, y, app.theme.cursor());
        }
    }
}

/// The mark of a row.
pub(crate) fn mark(app: &App, rule_row: &RuleRow) -> Option<Mark> {
    let marks = app.marks()?;
    match rule_row {
        RuleRow::Gone(at) => marks.gone_rules.get(*at).map(|gone| gone.mark),
        RuleRow::Rule(at, position) => {
            let rule = app.data()?.snapshot.rules().get(*at)?;
            marks.rules.get(&(rule.family, *position)).map(|marked| marked.mark)
        }
    }
}

/// Everything about a row.
pub(crate) fn detail(app: &App, data: &Data, row: &RuleRow) -> Option<Detail> {
    let rule: &Rule = row.rule(&data.snapshot, app.marks())?;
    let mut facts = vec![("What", rule_sentence(rule, data))];
    match row {
        RuleRow::Gone(at) => {
            let gone = app.marks()?.gone_rules.get(*at)?;
            facts.extend(marked(app, data, Some((gone.mark, None))));
            facts.push(("When", gone_when(app, data, gone)));
        }
        RuleRow::Rule(_, position) => {
            let mark = mark(app, row);
            let marked_row =
                app.marks().and_then(|marks| marks.rules.get(&(rule.family, *position)).copied());
            facts.extend(marked(app, data, mark.map(|mark| (mark, marked_row))));
        }
    }
    if rule.iif_detached || rule.oif_detached {
        facts.push(("Detached", "its link does not exist, so no packet matches".into()));
    }
    if let Some(length) = rule.suppress_prefix_length {
        facts.push((
            "Suppress",
            format!(
                "a route found with prefix length {length} or shorter is refused, and the next rule is asked"
            ),
        ));
    }
    if let Some(protocol) = rule.protocol {
        facts.push(("Protocol", words::protocol(protocol)));
    }
    if !rule.unmodelled.is_empty() {
        facts.push((
            "Unread",
            count(rule.unmodelled.len(), "attribute not understood", "attributes not understood"),
        ));
    }
    Some(Detail { title: format!("{} rule {}: {rule}", rule.family, rule.priority), facts })
}

fn rule_sentence(rule: &Rule, data: &Data) -> String {
    let invert = if rule.invert { " (inverted: it applies to packets that do not match)" } else { "" };
    format!("{}{invert}. Lower priorities are asked first.", words::rule_purpose(rule, &data.snapshot))
}
