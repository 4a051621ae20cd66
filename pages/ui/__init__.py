"""View pieces: st.* is allowed here, AWS and the database engines are not."""
