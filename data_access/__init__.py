"""Everything that touches AWS or the disk. Imports no Streamlit; pages import this, never boto3."""
