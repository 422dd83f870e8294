"""Searches read the digits of numbers in the index of whole numbers."""

from django.db import migrations

from common.database.operations import RemoveIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("users", "0030_index_test_people")]

    operations = [RemoveIndexConcurrently("user", "user_by_last_digits")]
