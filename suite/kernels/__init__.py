"""Every compiled loop, kept between processes; knows no network."""
