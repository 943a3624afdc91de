//! The query parameters that a route documents: others are refused by name.

use crate::error::Refusal;
use crate::extract::quoted;
use portunus_api::ErrorCode;
use std::sync::{Arc, OnceLock};
use utoipa::openapi::RefOr;
use utoipa::openapi::path::{Operation, ParameterIn};

/// Those of one route. Its annotation is read when somebody sends a query first.
#[derive(Clone, Debug)]
pub(crate) struct Parameters {
    annotation: fn() -> Operation,
    names: Arc<OnceLock<Vec<String>>>,
}

impl Parameters {
    /// Those of the route that is annotated so.
    pub(crate) fn of<P: utoipa::Path>() -> Self {
        Self {
            annotation: P::operation,
            names: Arc::default(),
        }
    }

    fn names(&self) -> &[String] {
        self.names.get_or_init(|| {
            let parameters = (self.annotation)().parameters.into_iter().flatten();
            parameters
                .filter_map(|parameter| match parameter {
                    RefOr::T(one) if one.parameter_in == ParameterIn::Query => Some(one.name),
                    _ => None,
                })
                .collect()
        })
    }

    /// Refuses a query that names something else.
    pub(crate) fn refuse_unknown(&self, query: Option<&str>) -> Result<(), Refusal> {
        let Some(query) = query.filter(|query| !query.is_empty()) else {
            return Ok(());
        };
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query)
            .map_err(|_| Refusal::new(ErrorCode::InvalidParameter, "the query cannot be read"))?;
        let known = self.names();
        let Some((name, _)) = pairs.iter().find(|(name, _)| !known.contains(name)) else {
            return Ok(());
        };
        let detail = format!("the parameter {} is not known here", quoted(name));
        let fix = match known {
            [] => "send no query parameters".to_owned(),
            names => format!("use only: {}", names.join(", ")),
        };
        Err(Refusal::new(ErrorCode::UnknownParameter, detail).fix(fix))
    }
}
