"""What kind of page it is: signs in its address, its stated types and its generator, as bits."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from cleaner.html.slim import Stated

_VOCABULARY: Final = re.compile(r"https?://schema\.org/")
_CONTENT: Final = re.compile(r"""\scontent\s*=\s*["']?([^"'>]{1,60})""", re.IGNORECASE)
_STATED: Final[Mapping[str, str]] = {
    "article": "Article NewsArticle BlogPosting ReportageNewsArticle OpinionNewsArticle AnalysisNewsArticle Blog "
    "LiveBlogPosting ScholarlyArticle Report SocialMediaPosting AdvertiserContentArticle",
    "product": "Product ProductGroup IndividualProduct Offer AggregateOffer ProductModel SoftwareApplication Vehicle "
    "Book MobileApplication VideoGame",
    "forum": "DiscussionForumPosting QAPage Question Answer Comment",
    "faq": "FAQPage",
    "list": "ItemList CollectionPage SearchResultsPage OfferCatalog DataCatalog MediaGallery ImageGallery",
    "docs": "TechArticle APIReference HowTo Course LearningResource SoftwareSourceCode",
    "service": "Service LocalBusiness ProfessionalService MedicalBusiness LegalService Store FinancialService "
    "GovernmentService MedicalClinic AboutPage ContactPage EducationalOrganization",
    "recipe": "Recipe",
    "event": "Event Festival MusicEvent JobPosting",
    "media": "VideoObject Movie TVSeries PodcastEpisode MusicRecording",
}
_OF_TYPE: Final = {name: kind for kind, names in _STATED.items() for name in names.split()}
_OG: Final = ("article", "product", "website", "profile", "video")
_GENERATORS: Final[Mapping[str, str]] = {
    "forum": "discourse|phpbb|vbulletin|xenforo|flarum|mybb|smf|invision|nodebb|vanilla|question2answer",
    "docs": "docusaurus|sphinx|mkdocs|hugo|vuepress|vitepress|gitbook|jekyll|docfx|antora|mdbook|rustdoc|javadoc"
    "|starlight",
    "shop": "woocommerce|shopify|magento|prestashop|opencart|bigcommerce|shopware",
    "blog": "wordpress|blogger|ghost|medium|typepad|movable",
    "site": "drupal|joomla|typo3|wix|squarespace|webflow|hubspot|elementor",
}
_ADDRESS: Final[Mapping[str, str]] = {
    "forum": r"forum|thread|topic|viewtopic|showthread|discussion|question|community|/t/|/r/|/comments/|boards?\b",
    "product": r"/product|/item|/dp/|/p/|/ip/|/shop/|/buy|/sku|/app/",
    "list": r"/categor|/collection|/tag/|/search|/archive|/c/|/browse|/list|/topics?/|/news/?$|/blog/?$|/page/|\?q=",
    "docs": r"docs?[./]|/api|/reference|/manual|/guide|developer|/tutorial|readthedocs|/wiki/|/help|/learn",
    "service": r"/service|/solution|/about|/pricing|/contact|/platform|/treatment|/practice|/product/?$",
    "article": r"/\d{4}/\d{1,2}/|/news/.|/blog/.|/article|/story|/post/|-\d{6,}|/\d{4}-\d\d-\d\d",
}
_ADDRESSES: Final = {kind: re.compile(pattern) for kind, pattern in _ADDRESS.items()}
_GENERATED: Final = {kind: re.compile(pattern) for kind, pattern in _GENERATORS.items()}
SIGNS: Final[tuple[str, ...]] = (
    *(f"ld_{kind}" for kind in _STATED), *(f"og_{kind}" for kind in _OG),
    *(f"generator_{kind}" for kind in _GENERATORS), *(f"url_{kind}" for kind in _ADDRESS),
    "url_root", "url_long", "url_digits", "url_query",
)  # fmt: skip
_BIT: Final = {name: 1 << place for place, name in enumerate(SIGNS)}


def bits_of(names: Iterable[str]) -> int:
    """The bits of some signs; `KeyError` where there is no such sign."""
    bits = 0
    for name in names:
        bits |= _BIT[name]
    return bits


def bare(url: str) -> str:
    """An address in lower case and without its scheme."""
    return url.partition("://")[2].lower() or url.lower()


def by_address(names: Collection[str]) -> re.Pattern[str] | None:
    """What finds one of some signs in a page's address made `bare`: of those in `names` that are signs of addresses. `None`
    where none is."""
    patterns = [pattern for kind, pattern in _ADDRESS.items() if f"url_{kind}" in names]
    return re.compile("|".join(patterns)) if patterns else None


def page_signs(stated: Stated, url: str | None = None) -> int:
    """The signs of a page's kind, one bit for each of `SIGNS`."""
    bits = 0
    for name in stated.types:
        kind = _OF_TYPE.get(name) or _OF_TYPE.get(_VOCABULARY.sub("", name))
        if kind:
            bits |= _BIT[f"ld_{kind}"]
    kind = _content(stated.og_type).partition(".")[0]
    bits |= _BIT.get(f"og_{kind}", 0)
    generator = _content(stated.generator)
    if generator:
        for kind, pattern in _GENERATED.items():
            if pattern.search(generator):
                bits |= _BIT[f"generator_{kind}"]
    return bits | address_signs(url)


def _content(meta: str) -> str:
    """The content of a `meta` element, in lower case."""
    found = _CONTENT.search(meta)
    return found[1].strip().lower() if found else ""


def address_signs(url: str | None) -> int:
    """What a page's address says of its kind."""
    if not url:
        return 0
    rest = bare(url)
    path = rest.partition("/")[2]
    bits = sum(_BIT[f"url_{kind}"] for kind, pattern in _ADDRESSES.items() if pattern.search(rest))
    last = path.rstrip("/").rpartition("/")[2].partition("?")[0]
    bits |= _BIT["url_root"] * (len(path) < 2) | _BIT["url_long"] * (last.count("-") >= 4 or last.count("_") >= 4)
    bits |= _BIT["url_digits"] * (sum(map(str.isdigit, last)) >= 4) | _BIT["url_query"] * ("?" in path)
    return bits
