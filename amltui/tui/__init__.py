"""The terminal program: screens and widgets. The only room that imports Textual."""
