//! Every recorded exchange of the real PHP is read to the right result or trouble; none is left out.

use dialdeck_protocol::function::{Api, Function};
use dialdeck_protocol::vicidial::function;
use dialdeck_server::connectors::vicidial::wire::{self, Answer, Asked, Class, Trouble};
use dialdeck_testkit::vicidial::{Exchange, exchanges};

/// A name that the catalogue does not have, asked for all the same.
fn described(exchange: &Exchange) -> Function {
    let name = exchange.function.as_deref().unwrap_or_default();
    let api = if exchange.api == "agent" { Api::Agent } else { Api::NonAgent };
    let known = function(name)
        .copied()
        .filter(|known| known.api == api && !dialdeck_protocol::vicidial::ALIASES.contains(known));
    known.unwrap_or_else(|| Function::new(Box::leak(name.to_owned().into_boxed_str()), api, ""))
}

fn read(exchange: &Exchange) -> Result<Answer, Trouble> {
    let param = |name: &str| exchange.params.get(name).map_or("", String::as_str);
    let asked = Asked { stage: param("stage"), header: param("header") == "YES", user: param("user") };
    wire::read(&described(exchange), asked, exchange.status, &exchange.body)
}

fn summary(exchange: &Exchange) -> String {
    let besides =
        |list: &[String]| if list.is_empty() { String::new() } else { format!(" besides {list:?}") };
    match read(exchange) {
        Ok(Answer { message, table, notices }) => {
            let message = if message.is_empty() { String::new() } else { format!(" «{message}»") };
            let shape = format!("{}x{}", table.rows.len(), table.columns.len());
            let cells: Vec<String> = table.rows.first().map_or_else(Vec::new, |row| {
                let cells = table.columns.iter().zip(row).filter(|(_, cell)| !cell.is_empty());
                cells.map(|(name, cell)| format!(" {name}={cell}")).collect()
            });
            format!("ok{message} {shape}{}{}", cells.concat(), besides(&notices))
        }
        Err(trouble) => {
            let field = trouble.field.map(|f| format!(" [{f}]")).unwrap_or_default();
            format!("{}{field}: {}{}", trouble.class.word(), trouble.message, besides(&trouble.besides))
        }
    }
}

#[test]
fn each_is_read_as_it_was_found_right() {
    let lines: Vec<String> = exchanges()
        .iter()
        .map(|exchange| {
            let name = exchange.function.as_deref().unwrap_or("-");
            format!("{} {name} ({}): {}\n", exchange.api, exchange.note, summary(exchange))
        })
        .collect();
    let found = lines.concat();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vicidial/exchanges.txt");
    if std::env::var_os("DIALDECK_UPDATE").is_some() {
        std::fs::write(file, &found).unwrap();
    }
    let right = std::fs::read_to_string(file).unwrap();
    for (found, right) in found.lines().zip(right.lines()) {
        assert_eq!(found, right);
    }
    assert_eq!(found.lines().count(), right.lines().count());
}

#[test]
fn marks_and_results_agree() {
    for exchange in exchanges() {
        let starts = |mark: &str| exchange.body.lines().any(|line| line.starts_with(mark));
        let result = read(&exchange);
        let shown = format!("{:?} {}: {result:?}", exchange.function, exchange.body);
        if starts("SUCCESS: ") {
            assert!(result.is_ok(), "{shown}");
        } else if starts("ERROR: ") && !starts("NOTICE: ") {
            // The empty lists are the one exception.
            assert!(
                result
                    .as_ref()
                    .map_or(true, |answer| answer.table.rows.is_empty() && answer.notices.len() == 1),
                "{shown}"
            );
        }
        if let Err(trouble) = &result {
            assert!(trouble.class != Class::Refused, "a refusal of no class: {shown}");
            assert!(
                !trouble.message.contains("apipass1")
                    && !trouble.besides.iter().any(|b| b.contains("apipass1")),
                "{shown}"
            );
            assert!(!trouble.message.contains("wrongpw") && !trouble.message.contains("SELECT"), "{shown}");
        }
        if let Ok(answer) = &result {
            assert!(!format!("{answer:?}").contains("9999pass"), "{shown}");
        }
    }
}

#[test]
fn rows_become_records() {
    let mut kinds = std::collections::BTreeSet::new();
    for exchange in exchanges() {
        let Ok(answer) = read(&exchange) else { continue };
        let name = exchange.function.as_deref().unwrap_or_default();
        let count = answer.table.rows.len();
        let records = wire::records(name, &answer.table);
        if !matches!(records, wire::Records::Plain(_)) && count > 0 {
            kinds.insert(name.to_owned());
            // No record is lost, and none is empty: each names something.
            let text = format!("{records:?}");
            assert!(count == 1 || text.matches('{').count() >= count, "{name}: {text}");
        }
    }
    assert!(kinds.len() >= 15, "{kinds:?}");
}

#[test]
fn each_word_of_trouble_stands_in_the_page_with_its_remedy() {
    let page = include_str!("../../../docs/VICIDIAL.md");
    for class in Class::ALL {
        assert!(page.contains(&format!("`{}`", class.word())), "{} is not in docs/VICIDIAL.md", class.word());
        assert!(!class.remedy().is_empty());
    }
}
