"""The name of one's own that an API has."""

import re
from dataclasses import dataclass

import pulumi

from infrastructure.settings.checks import SettingsError, check

_NAME = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_CERTIFICATE = re.compile(r"arn:[a-z-]+:acm:(?P<region>[a-z0-9-]+):\d{12}:certificate/[A-Za-z0-9-]+")


@dataclass(frozen=True, kw_only=True)
class DomainSettings:
    """`name`, such as tasks.example.com, and the ARN of its certificate. Both are empty for an API without one."""

    name: str
    certificate_arn: str

    def __post_init__(self) -> None:
        name, certificate = self.name, self.certificate_arn
        check(
            not name or bool(_NAME.fullmatch(name)), "domainName", name, "a name such as tasks.example.com, or empty"
        )
        valid = not certificate or bool(_CERTIFICATE.fullmatch(certificate))
        check(valid, "certificateArn", certificate, "the ARN of a certificate of ACM, or empty")
        if bool(name) != bool(certificate):
            given, missing = ("domainName", "certificateArn") if name else ("certificateArn", "domainName")
            raise SettingsError(
                f"taskline:{given} is set and taskline:{missing} is not: a domain needs its certificate, and a "
                f"certificate its domain. Set it with: pulumi config set {missing} ... Or do without a domain: "
                f"pulumi config rm {given}"
            )

    def __bool__(self) -> bool:
        return bool(self.name)

    def check_region(self, region: str) -> None:
        """Raise `SettingsError` unless the certificate is where the API is."""
        found = _CERTIFICATE.fullmatch(self.certificate_arn)
        near = found is None or found["region"] == region
        check(near, "certificateArn", self.certificate_arn, f"a certificate in {region}, where the API is")


def load_domain_settings(config: pulumi.Config) -> DomainSettings:
    """The current stack's domain; `SettingsError` before any resource exists."""
    return DomainSettings(name=config.get("domainName") or "", certificate_arn=config.get("certificateArn") or "")
