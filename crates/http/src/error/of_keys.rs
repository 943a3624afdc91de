//! How use cases about pools and provider keys end, as refusals.

use super::Refusal;
use crate::extract::quoted;
use portunus_api::ErrorCode;
use portunus_app::key_changes::TooMany;
use portunus_app::keys::add::AddKeysError;
use portunus_app::keys::clear::ClearKeyError;
use portunus_app::keys::find::FindKeyError;
use portunus_app::keys::import_env::ImportError;
use portunus_app::keys::switch::SwitchKeyError;
use portunus_app::keys::update::UpdateKeyError;
use portunus_app::nobody::Kind;
use portunus_app::pool_settings::create::CreatePoolError;
use portunus_app::pool_settings::fallback::FallbackError;
use portunus_app::pool_settings::list::NoSuchPool;
use portunus_app::pool_settings::update::UpdatePoolError;
use portunus_app::upstream_policy::UpstreamError;

impl From<TooMany> for Refusal {
    fn from(error: TooMany) -> Self {
        let seconds = error.retry_after_ms.div_ceil(1000);
        Self::new(ErrorCode::RateLimited, error.to_string())
            .fix(format!(
                "wait {seconds} s; `portunus keys add --pool POOL --from FILE` adds many keys in one change"
            ))
            .retry_after_ms(error.retry_after_ms)
    }
}

impl From<NoSuchPool> for Refusal {
    fn from(error: NoSuchPool) -> Self {
        Self::new(ErrorCode::NotFound, error.to_string())
            .fix("use a name from `portunus pools list`")
            .missing(Kind::Pool)
    }
}

impl From<UpstreamError> for Refusal {
    fn from(error: UpstreamError) -> Self {
        Self::new(
            ErrorCode::UpstreamForbidden,
            format!("the base URL: {error}"),
        )
        .fix(upstream_fix(&error))
    }
}

const fn upstream_fix(error: &UpstreamError) -> &'static str {
    match error {
        UpstreamError::Form(_) => {
            "write scheme, host, optional port and optional prefix, such as https://api.example.com"
        }
        UpstreamError::Never => "give the provider's own address; no setting allows this one",
        UpstreamError::Private => {
            "give a public https address, or set `allow_private = true` under `[upstream]` and start the plane again"
        }
        UpstreamError::PlainToPublic => "write https instead of http",
    }
}

impl From<FallbackError> for Refusal {
    fn from(error: FallbackError) -> Self {
        Self::new(ErrorCode::BadFallback, error.to_string())
    }
}

impl From<CreatePoolError> for Refusal {
    fn from(error: CreatePoolError) -> Self {
        match error {
            CreatePoolError::NameTaken => Self::new(ErrorCode::NameTaken, error.to_string()),
            CreatePoolError::Upstream(cause) => cause.into(),
            CreatePoolError::Fallback(cause) => cause.into(),
            CreatePoolError::Failure(failure) => failure.into(),
        }
    }
}

impl From<UpdatePoolError> for Refusal {
    fn from(error: UpdatePoolError) -> Self {
        match error {
            UpdatePoolError::NotFound(cause) => cause.into(),
            UpdatePoolError::Upstream(cause) => cause.into(),
            UpdatePoolError::Fallback(cause) => cause.into(),
            UpdatePoolError::Failure(failure) => failure.into(),
        }
    }
}

impl From<FindKeyError> for Refusal {
    fn from(error: FindKeyError) -> Self {
        match error {
            FindKeyError::NotFound => Self::new(ErrorCode::NotFound, error.to_string())
                .fix("use an id, or pool:label, from `portunus keys list`")
                .missing(Kind::Key),
            FindKeyError::Failure(failure) => failure.into(),
        }
    }
}

impl From<AddKeysError> for Refusal {
    fn from(error: AddKeysError) -> Self {
        match error {
            AddKeysError::NoSuchPool(name) => Self::new(
                ErrorCode::NotFound,
                format!("there is no pool {}", quoted(name.as_str())),
            )
            .fix("use a name from `portunus pools list`, or create the pool first")
            .missing(Kind::Pool)
            .asked(name.as_str()),
            AddKeysError::LabelTaken(_) => Self::new(ErrorCode::LabelTaken, error.to_string()),
            AddKeysError::DuplicateSecret(_) => {
                Self::new(ErrorCode::DuplicateSecret, error.to_string())
                    .fix("leave it out; the key that has this secret serves already")
            }
            AddKeysError::Upstream { ref cause, .. } => {
                Self::new(ErrorCode::UpstreamForbidden, error.to_string()).fix(upstream_fix(cause))
            }
            AddKeysError::Failure(failure) => failure.into(),
        }
    }
}

impl From<UpdateKeyError> for Refusal {
    fn from(error: UpdateKeyError) -> Self {
        match error {
            UpdateKeyError::Find(cause) => cause.into(),
            UpdateKeyError::LabelTaken(_) => Self::new(ErrorCode::LabelTaken, error.to_string()),
            UpdateKeyError::DuplicateSecret(_) => {
                Self::new(ErrorCode::DuplicateSecret, error.to_string())
                    .fix("give this key a secret of its own, or remove one of the two keys")
            }
            UpdateKeyError::Upstream(cause) => cause.into(),
            UpdateKeyError::Failure(failure) => failure.into(),
        }
    }
}

impl From<SwitchKeyError> for Refusal {
    fn from(error: SwitchKeyError) -> Self {
        match error {
            SwitchKeyError::Find(cause) => cause.into(),
            SwitchKeyError::LastEnabledKey => {
                Self::new(ErrorCode::LastEnabledKey, error.to_string())
            }
            SwitchKeyError::Failure(failure) => failure.into(),
        }
    }
}

impl From<ClearKeyError> for Refusal {
    fn from(error: ClearKeyError) -> Self {
        match error {
            ClearKeyError::Find(cause) => cause.into(),
            ClearKeyError::SecretNeeded => Self::new(ErrorCode::SecretNeeded, error.to_string()),
            ClearKeyError::Failure(failure) => failure.into(),
        }
    }
}

impl From<ImportError> for Refusal {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::NothingOffered => Self::new(ErrorCode::NothingToImport, error.to_string()),
            ImportError::Add(cause) => cause.into(),
            ImportError::Failure(failure) => failure.into(),
        }
    }
}
