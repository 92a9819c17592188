//! Dialpad's own description of its API: which paths there are, what they take, what they give. The stand-in is held to it.

use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, OnceLock, PoisonError};

/// The document.
pub const DOCUMENT: &str = include_str!("openapi.json");

/// An operation that was found for a path.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The path with names for its parameters.
    pub template: String,
    /// Values of those.
    pub parameters: BTreeMap<String, String>,
    spec: Value,
}

/// The document, read once.
pub struct Document {
    paths: Map<String, Value>,
    /// All shapes, made strict: no property that they do not declare.
    shapes: Value,
    validators: Mutex<HashMap<String, std::sync::Arc<jsonschema::Validator>>>,
}

/// The document.
///
/// # Panics
/// When it is no JSON, which it is.
#[allow(clippy::expect_used, reason = "it is part of this program")]
pub fn document() -> &'static Document {
    static DOCUMENT_READ: OnceLock<Document> = OnceLock::new();
    DOCUMENT_READ.get_or_init(|| {
        let whole: Value = serde_json::from_str(DOCUMENT).expect("the document is JSON");
        Document {
            paths: whole["paths"].as_object().cloned().unwrap_or_default(),
            shapes: strict(&whole["components"]["schemas"]),
            validators: Mutex::default(),
        }
    })
}

/// A shape in JSON Schema's words, for what really comes: whole numbers are texts as well.
fn strict(shape: &Value) -> Value {
    match shape {
        Value::Array(all) => all.iter().map(strict).collect(),
        Value::Object(object) => {
            let mut made: Map<String, Value> = object
                .iter()
                .filter(|(name, _)| !matches!(name.as_str(), "nullable" | "format" | "example" | "examples"))
                .map(|(name, value)| (name.clone(), strict(value)))
                .collect();
            if object.get("type") == Some(&json!("integer")) {
                made.insert("type".into(), json!(["integer", "string"]));
                made.insert("pattern".into(), json!("^-?[0-9]+$"));
            }
            if object.get("properties").is_some_and(Value::is_object) && !made.contains_key("$ref") {
                made.insert("additionalProperties".into(), json!(false));
            }
            Value::Object(made)
        }
        other => other.clone(),
    }
}

/// A value without what is null: everything may be, and what is left out is the same.
fn without_nothing(value: &Value) -> Value {
    match value {
        Value::Array(all) => all.iter().map(without_nothing).collect(),
        Value::Object(object) => {
            let there = object.iter().filter(|(_, value)| !value.is_null());
            Value::Object(there.map(|(name, value)| (name.clone(), without_nothing(value))).collect())
        }
        other => other.clone(),
    }
}

impl Document {
    /// The operation behind a method and a path; of several the one with most of its words.
    pub fn find(&self, method: &str, path: &str) -> Option<Operation> {
        let parts: Vec<&str> = path.split('/').collect();
        let mut best: Option<(usize, Operation)> = None;
        for (template, operations) in &self.paths {
            let Some(spec) = operations.get(method.to_lowercase()) else { continue };
            let names: Vec<&str> = template.split('/').collect();
            if names.len() != parts.len() {
                continue;
            }
            let mut parameters = BTreeMap::new();
            let mut words = 0;
            let fits = names.iter().zip(&parts).all(|(name, part)| {
                if let Some(name) = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                    parameters.insert(name.to_owned(), (*part).to_owned());
                    return true;
                }
                words += 1;
                name == part
            });
            if fits && best.as_ref().is_none_or(|(most, _)| words > *most) {
                let operation = Operation { template: template.clone(), parameters, spec: spec.clone() };
                best = Some((words, operation));
            }
        }
        best.map(|(_, operation)| operation)
    }

    /// What is wrong with a value for a shape; nothing where it fits.
    pub fn faults(&self, shape: &Value, value: &Value) -> Vec<String> {
        let name = shape.to_string();
        let known = self.validators.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        let validator = if let Some(validator) = known {
            validator
        } else {
            let mut root = strict(shape);
            root["components"] = json!({ "schemas": self.shapes });
            let made = match jsonschema::draft202012::new(&root) {
                Ok(validator) => std::sync::Arc::new(validator),
                Err(error) => return vec![format!("the shape itself: {error}")],
            };
            let mut all = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
            all.insert(name, made.clone());
            made
        };
        validator
            .iter_errors(&without_nothing(value))
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect()
    }

    /// Every example of an answer: path, the shape's name, the example.
    pub fn examples(&self) -> Vec<(String, String, Value)> {
        let mut all = Vec::new();
        for (path, operations) in &self.paths {
            let operations = operations.as_object().into_iter().flatten();
            for (method, spec) in operations {
                for answer in spec["responses"].as_object().into_iter().flatten().map(|(_, answer)| answer) {
                    let content = &answer["content"]["application/json"];
                    let shape = content["schema"]["$ref"].as_str().unwrap_or_default();
                    let shape = shape.rsplit('/').next().unwrap_or_default().to_owned();
                    for example in content["examples"].as_object().into_iter().flatten().map(|(_, one)| one) {
                        all.push((format!("{method} {path}"), shape.clone(), example["value"].clone()));
                    }
                }
            }
        }
        all
    }
}

impl Operation {
    /// What of a request its description does not allow.
    pub fn faults_of_request(&self, query: &[(String, String)], body: Option<&Value>) -> Vec<String> {
        let declared = self.spec["parameters"].as_array().cloned().unwrap_or_default();
        let mut faults = Vec::new();
        for (name, value) in query {
            let known = declared.iter().find(|one| one["name"] == json!(name) && one["in"] == json!("query"));
            let Some(known) = known else {
                faults.push(format!("query {name} is not declared"));
                continue;
            };
            let value = value.parse::<i64>().map_or_else(|_| json!(value), |number| json!(number));
            faults.extend(document().faults(&known["schema"], &value));
        }
        let shape = &self.spec["requestBody"]["content"]["application/json"]["schema"];
        match body {
            Some(body) if shape.is_object() => faults.extend(document().faults(shape, body)),
            Some(body) if *body != json!({}) && !body.is_null() => faults.push("takes no body".into()),
            _ => {}
        }
        faults
    }

    /// What of an answer its description does not know.
    pub fn faults_of_answer(&self, answer: &Value) -> Vec<String> {
        let shape = &self.spec["responses"]["200"]["content"]["application/json"]["schema"];
        match shape {
            Value::Object(_) => document().faults(shape, answer),
            _ if answer.is_null() => Vec::new(),
            _ => vec!["gives nothing".into()],
        }
    }
}
