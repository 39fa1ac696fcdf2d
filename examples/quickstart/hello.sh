#!/bin/sh
cat /opt/app.txt
