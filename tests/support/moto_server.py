"""moto's server with what S3 does and moto does not.

It says when uploads were begun. And a range of an object costs what the range costs: moto reads all
of the object from its file for each, which are 80 GiB for an object of 1 GiB in parts of 16 MiB.

Run by the Python that moto is installed for, with the arguments of moto's server.
"""

from datetime import UTC, datetime

from moto.s3.models import FakeKey, FakeMultipart
from moto.s3.responses import S3Response
from moto.server import main

begin, serialized = FakeMultipart.__init__, S3Response.serialized
read, write = FakeKey.value.fget, FakeKey.value.fset
begun = {}
last = [(None, b"")]
"""The object that was read last, and its bytes, which nobody changes."""


def noted_begin(self, *args, **kwargs):
    begin(self, *args, **kwargs)
    begun[self.id] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def timed(self, action):
    for upload in action.result.get("Uploads", ()) if isinstance(action.result, dict) else ():
        upload["Initiated"] = begun.get(upload["UploadId"], upload["Initiated"])
    return serialized(self, action)


def value(self):
    key, data = last[0]
    if key is not self:
        data = read(self)
        last[0] = (self, data)
    return data


FakeMultipart.__init__, S3Response.serialized = noted_begin, timed
FakeKey.value = property(value, write)
main()
