"""Every text of everything installed, ours and others', is there in every language. Issue 13, Deliver 5."""

from openmarque.kit.plugins import service_packages
from openmarque.kit.text_files import problems, text_folders


def test_every_language_has_every_text_with_the_same_facts_and_plural_forms():
    assert [str(problem) for problem in problems(text_folders())] == []


def test_texts_of_every_installed_service_are_found():
    packages = {folder.package for folder in text_folders()}
    assert "openmarque.services.lock" in packages & set(service_packages().values())
